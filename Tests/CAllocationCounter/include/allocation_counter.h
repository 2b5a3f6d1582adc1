// How often the calling thread has asked the system for memory. In test programs only: `malloc` and its kin are replaced.
#pragma once

unsigned long allocation_count(void);
