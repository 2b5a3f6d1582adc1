// Every float32 operation of the classifier, forward and backward, on plain pointers.
//
//     BLAS          which kernels OpenBLAS runs; flush-to-zero for a thread
//     GEMM          gemm: c = alpha·op(a)·op(b) + beta·c
//     Linear        linear, linearBackwardInput, linearBackwardWeight: by BLAS
//     PackedProduct packedProduct: a linear layer whose weights were packed once; packWeight, unpackWeight
//     LowRank       lowRankDown, lowRankUp (LoRA), lowRankBackward
//     Embedding     embeddingSum
//     Attention     attention, attentionBackward: one sequence, all heads
//     Softmax       softmax, softmaxBackward
//     LayerNorm     layerNorm, layerNormBackward
//     Activation    activate, activateBackward
//     Dropout       dropout, forward and backward
//     CrossEntropy  crossEntropy, crossEntropyBackward
//     AdamW         adamWStep
//     Memory        releaseFreedMemory
//     Vectors       addRows, axpy, scale, squaredNorm, transpose, columnSums
//
// Rules that hold for all of them:
// - Matrices are row-major. `xStride` is the distance between two rows of `x` in elements; it may exceed the row's
//   length, so that a matrix can be some columns of a wider one.
// - Outputs do not overlap inputs, unless the function says so. Overwriting `x` by `y` element for element
//   (same pointer, same stride) is allowed where documented as "in place".
// - Gradients of parameters always accumulate into their buffer. Gradients of inputs are written, or added with
//   `accumulate: true`.
// - Nothing allocates; each call runs on the calling thread alone. Callers bring threads.
// - A row's result depends on that row alone, never on its neighbours, and the same input gives the same bits.
//   Only what BLAS multiplies may differ in the last bits when the number of rows changes (it picks kernels by shape).
