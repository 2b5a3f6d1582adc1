// How often the calling thread has asked for memory, and how much it held. Tests only: `malloc` and its kin are
// replaced.
#pragma once

unsigned long allocation_count(void);

// From here on, the most bytes that the calling thread held at a time beyond what it holds now. What another thread
// frees counts as held.
void allocation_peak_begin(void);
long allocation_peak(void);
