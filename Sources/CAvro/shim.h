#pragma once

// Only tests use the library: see docs/decisions/0012-avro-decoder.md.
#include <avro.h>
