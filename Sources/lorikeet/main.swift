import Glibc
import Kernels

// The kernels first: the program may restart itself for the best ones, which must happen before any thread exists.
BLAS.restartWithPreferredKernels()
BLAS.configure()
// A closed pipe is an error that write(2) returns, not the end of a daemon; `StandardOutput` ends commands quietly.
_ = signal(SIGPIPE, SIG_IGN)
await Lorikeet.start()
