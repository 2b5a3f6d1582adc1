/// Times as `timestamptz` can hold them.
enum StorableTime {
    /// From 4713 BC to 294276 AD. A producer may have set any number.
    private static let range: ClosedRange<Int64> = -210_866_803_200_000...9_224_318_015_999_000

    /// Milliseconds since 1970; 0 for a record without a timestamp.
    static func milliseconds(_ producedAt: Int64?) -> Int64 {
        min(max(producedAt ?? 0, range.lowerBound), range.upperBound)
    }
}
