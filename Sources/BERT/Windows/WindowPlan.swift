import WordPiece

/// Where the windows of a text begin and end: always between words.
enum WindowPlan {
    /// The windows of a text, as ranges of its words, in order. Together they hold every word, unless there are more of
    /// them than `maximum`.
    ///
    /// - Parameters:
    ///   - capacity: tokens of a window. Only a single word that is longer makes a longer window.
    ///   - stride: tokens from the beginning of a window to that of the next, at most; at least one word.
    ///   - maximum: beyond this number, the first window, the last and others spread evenly between them are left.
    static func windows(_ words: TextWords, capacity: Int, stride: Int, maximum: Int) -> [Range<Int>] {
        var windows: [Range<Int>] = []
        var (first, end) = (0, 0)
        while end < words.count {
            let start = words.firstToken(first)
            end = max(end, first + 1)
            while end < words.count, words.firstToken(end + 1) - start <= capacity { end += 1 }
            windows.append(first..<end)
            first += 1
            while first < end, words.firstToken(first + 1) - start <= stride { first += 1 }
            // The next window must reach further than this one.
            while first < end, words.firstToken(end + 1) - words.firstToken(first) > capacity { first += 1 }
        }
        return spread(windows, maximum: maximum)
    }

    private static func spread(_ windows: [Range<Int>], maximum: Int) -> [Range<Int>] {
        guard windows.count > maximum else { return windows }
        guard maximum > 1 else { return Array(windows.prefix(1)) }
        let gaps = maximum - 1
        return (0..<maximum).map { windows[($0 * (windows.count - 1) + gaps / 2) / gaps] }
    }
}
