import Glibc
import Kernels

// The kernels first: before any thread or file exists, the program may have to start itself anew for the best ones.
BLAS.restartWithPreferredKernels()
BLAS.configure()
// A closed pipe is an error that write(2) returns, not the end of a daemon; `StandardOutput` ends commands quietly.
_ = signal(SIGPIPE, SIG_IGN)
await Lorikeet.start()
