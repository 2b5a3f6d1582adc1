// How often the calling thread has asked the system for memory. Tests only: `malloc` and its kin are replaced.
#pragma once

unsigned long allocation_count(void);
