/// PostgreSQL's text forms of numbers, `bytea` and `timestamptz`.
enum PostgresText {
    static func double(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number > 0 ? "Infinity" : "-Infinity" }
        return number.description
    }

    // MARK: - bytea

    /// Reads both settings of `bytea_output`; no text is both.
    static func bytes(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        text.starts(with: "\\x".utf8) ? bytes(hexadecimal: text) : bytes(escaped: text)
    }

    /// Printable characters as they are, `\\` for a backslash, `\` and three octal digits for any other byte.
    private static func bytes(escaped text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        let backslash = UInt8(ascii: "\\")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] != backslash {
                bytes.append(text[index])
                index += 1
            } else if index + 1 < text.count, text[index + 1] == backslash {
                bytes.append(backslash)
                index += 2
            } else {
                guard index + 3 < text.count, let byte = octal(text[(index + 1)...(index + 3)]) else { return nil }
                bytes.append(byte)
                index += 4
            }
        }
        return bytes
    }

    private static func octal(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt8? {
        UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
    }

    private static func bytes(hexadecimal text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard text.count >= 2, text.count % 2 == 0, text[0] == UInt8(ascii: "\\"), text[1] == UInt8(ascii: "x") else {
            return nil
        }
        var isValid = true
        let bytes = [UInt8](unsafeUninitializedCapacity: text.count / 2 - 1) { bytes, count in
            count = text.count / 2 - 1
            for index in 0..<count {
                let high = nibble(text[2 + 2 * index])
                let low = nibble(text[3 + 2 * index])
                if high > 15 || low > 15 { isValid = false }
                bytes.initializeElement(at: index, to: (high & 15) << 4 | low & 15)
            }
        }
        return isValid ? bytes : nil
    }

    /// 255 if it is not a digit.
    private static func nibble(_ digit: UInt8) -> UInt8 {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: 255
        }
    }

    // MARK: - timestamptz

    /// ISO 8601 in UTC with milliseconds, `BC` for years before 1.
    static func timestamp(_ milliseconds: Int64) -> String {
        let (days, inDay) = milliseconds.flooredDivision(by: 86_400_000)
        let (year, month, day) = civil(daysSince1970: days)
        let seconds = inDay / 1000
        let date = "\(padded(year > 0 ? year : 1 - year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }.joined(separator: ":")
        let time = "\(clock).\(padded(inDay % 1000, 3))"
        return "\(date) \(time)+00\(year > 0 ? "" : " BC")"
    }

    /// Milliseconds since 1970 of `2026-01-31 12:34:56.789+00`, also without time or zone; `nil` for infinity, years
    /// before 1 and anything else.
    static func milliseconds(timestamp text: String) -> Int64? {
        // Extended syntax: white space in the pattern means nothing.
        let pattern =
            #/
            (\d{4,7})-(\d\d)-(\d\d)
            (?: \x20 (\d\d):(\d\d):(\d\d) (?: \.(\d{1,6}))? (?: ([+-])(\d\d) (?: :(\d\d))? (?: :(\d\d))? )? )?
            /#
        guard let match = text.wholeMatch(of: pattern),
            let year = Int64(match.1), let month = Int64(match.2), let day = Int64(match.3)
        else { return nil }
        func number(_ text: Substring?) -> Int64 { text.flatMap { Int64($0) } ?? 0 }
        let fraction =
            match.7.map { Int64($0.prefix(3) + String(repeating: "0", count: max(0, 3 - $0.count))) ?? 0 } ?? 0
        let clock = number(match.4) * 3600 + number(match.5) * 60 + number(match.6)
        let zone = number(match.9) * 3600 + number(match.10) * 60 + number(match.11)
        let seconds = daysSince1970(year, month, day) * 86_400 + clock - (match.8 == "-" ? -zone : zone)
        return seconds * 1000 + fraction
    }

    /// The Gregorian calendar in eras of 400 years that start on 1 March, so that the leap day is the last day of its
    /// year.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let (era, yearOfEra) = (month <= 2 ? year - 1 : year).flooredDivision(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
