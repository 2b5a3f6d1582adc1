extension Migration {
    /// What the columns `dtype` say, now that a base may compute in several types.
    static let dtype = Migration(version: 16, name: "meaning of dtype", statements: comments.map(\.statement))

    private static let meaning =
        "Types in which the base computed: float32, int8 or bfloat16; then the linear layers of the encoder that were "
        + "in another type, as in int8+float32:5.output. Null in rows that an older version wrote: float32."

    private static let comments = ["labels", "shadow_labels", "labels_history"].map {
        SchemaComment($0, "dtype", meaning)
    }
}
