// The operations of the classifier, forward and backward, on plain pointers. One file per operation:
//
//     BLAS          the kernels that OpenBLAS runs; enableFlushToZero
//     GEMM          gemm: c = alpha·op(a)·op(b) + beta·c
//     Linear        linear, linearBackwardInput, linearBackwardWeight: by BLAS
//     PackedProduct packedProduct: a linear layer whose weights were packed once; packWeight, unpackWeight
//     QuantizedRows, QuantizedWeight, QuantizedProduct
//                   the same with 8-bit codes: quantizeRows, layerNormQuantized, activateQuantized, quantizedProduct
//     BFloat16Rows, BFloat16Weight, BFloat16Product
//                   the same rounded to bfloat16: roundRows, layerNormRounded, activateRounded, bfloat16Product
//     LowRank       lowRankDown, lowRankUp (LoRA), each with its backward
//     Embedding     embeddingSum; quantizeTable
//     Attention     attention, attentionInBFloat16, attentionBackward: one sequence, all heads
//     Softmax       softmax, softmaxBackward
//     LayerNorm     layerNorm, layerNormBackward
//     Activation    activate, activateBackward
//     Dropout       dropout, forward and backward
//     CrossEntropy, BinaryCrossEntropy   the losses with their gradients
//     AdamW         adamWStep
//     Vectors       add, scale, squaredNorm, columnSums, transpose
//     SplitMix64    random numbers that are the same on every machine
//
// All of them follow these rules:
// - Matrices are row-major. `xStride` is the distance between two rows of `x` in elements. It may exceed the length of
//   a row, so that a matrix can be a range of columns of a wider one.
// - Outputs must not overlap inputs unless the function allows it. "May run in place" means that `y` may be `x`, with
//   the same stride.
// - Gradients of parameters always accumulate into their buffer. Gradients of inputs are written, or added with
//   `accumulate: true`.
// - Nothing allocates. Each call runs on the calling thread alone; callers bring threads.
// - The result of a row depends on that row alone, and the same input gives the same bits. Only products by BLAS may
//   differ in their last bits if the number of rows changes, because BLAS selects kernels by shape.
