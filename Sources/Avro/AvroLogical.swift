import FoundationEssentials
import JSON

/// Values of logical types, as text that a person reads and a route compares.
enum AvroLogical {
    static func value(of number: Int64, _ type: AvroSchema.LogicalType?) -> JSONValue {
        switch type {
        case .date: .string(day(number))
        case .time(let fraction): .string(time(number, fraction))
        case .timestamp(let fraction, let isLocal): .string(timestamp(number, fraction) + (isLocal ? "" : "Z"))
        default: .integer(Int(number))
        }
    }

    static func value(of bytes: ArraySlice<UInt8>, _ type: AvroSchema.LogicalType?) -> JSONValue {
        switch type {
        case .decimal(let scale) where bytes.count <= maximumDecimalBytes: .string(decimal(bytes, scale: scale))
        case .uuid: .string(uuid(bytes))
        case .duration: duration(bytes)
        default: plain(bytes)
        }
    }

    private static func plain(_ bytes: ArraySlice<UInt8>) -> JSONValue {
        if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
        return .object([("base64", .string(Data(bytes).base64EncodedString()))])
    }

    // MARK: - Dates and times

    private static func padded(_ number: Int64, to digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// A day of the Gregorian calendar, by its number since 1970.
    static func day(_ number: Int64) -> String {
        // In years that begin in March, so that the leap day is the last one; 400 of them have 146,097 days.
        let shifted = number + 719_468
        let era = shifted >= 0 ? shifted / 146_097 : (shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let year = yearOfEra + era * 400 + (month >= 10 ? 1 : 0)
        let sign = year < 0 ? "-" : ""
        return "\(sign)\(padded(abs(year), to: 4))-\(padded(month < 10 ? month + 3 : month - 9, to: 2))-"
            + padded(day, to: 2)
    }

    private static func time(_ number: Int64, _ fraction: AvroSchema.Fraction) -> String {
        let (seconds, rest) = split(number, fraction)
        let sign = seconds < 0 ? "-" : ""
        let (hours, minutes) = (abs(seconds) / 3600, abs(seconds) / 60 % 60)
        return "\(sign)\(padded(hours, to: 2)):\(padded(minutes, to: 2)):\(padded(abs(seconds) % 60, to: 2))"
            + ".\(padded(rest, to: fraction.rawValue))"
    }

    private static func timestamp(_ number: Int64, _ fraction: AvroSchema.Fraction) -> String {
        let (seconds, rest) = split(number, fraction)
        let days = floored(seconds, 86_400)
        let ofDay = (seconds - days * 86_400) * scale(fraction) + rest
        return "\(day(days))T\(time(ofDay, fraction))"
    }

    private static func scale(_ fraction: AvroSchema.Fraction) -> Int64 {
        (0..<fraction.rawValue).reduce(1) { scale, _ in scale * 10 }
    }

    /// Whole seconds, rounded down, and the fraction that is left.
    private static func split(_ number: Int64, _ fraction: AvroSchema.Fraction) -> (seconds: Int64, rest: Int64) {
        let seconds = floored(number, scale(fraction))
        return (seconds, number &- seconds &* scale(fraction))
    }

    private static func floored(_ number: Int64, _ divisor: Int64) -> Int64 {
        let quotient = number / divisor
        return number % divisor < 0 ? quotient - 1 : quotient
    }

    private static func duration(_ bytes: ArraySlice<UInt8>) -> JSONValue {
        func number(_ index: Int) -> JSONValue {
            let first = bytes.startIndex + index * 4
            return .integer(bytes[first..<first + 4].reversed().reduce(0) { $0 << 8 | Int($1) })
        }
        return .object([("months", number(0)), ("days", number(1)), ("milliseconds", number(2))])
    }

    // MARK: - Decimals and UUIDs

    /// A longer number is left as bytes: its digits take time with the square of its length.
    private static let maximumDecimalBytes = 256

    /// The digits of a whole number in two's complement, with a point before the last `scale` of them.
    static func decimal(_ bytes: ArraySlice<UInt8>, scale: Int) -> String {
        let isNegative = (bytes.first ?? 0) >= 0x80
        var magnitude = Array(bytes)
        if isNegative { negate(&magnitude) }
        var digits: [UInt8] = []
        while magnitude.contains(where: { $0 != 0 }) { digits.append(UInt8(ascii: "0") + divideByTen(&magnitude)) }
        while digits.count <= scale { digits.append(UInt8(ascii: "0")) }
        let text = String(decoding: digits.reversed(), as: UTF8.self)
        let whole = text.dropLast(scale)
        return (isNegative ? "-" : "") + whole + (scale > 0 ? ".\(text.suffix(scale))" : "")
    }

    private static func negate(_ bytes: inout [UInt8]) {
        var carry = true
        for index in bytes.indices.reversed() {
            bytes[index] = ~bytes[index]
            if carry { (bytes[index], carry) = bytes[index].addingReportingOverflow(1) }
        }
    }

    /// - Returns: the remainder.
    private static func divideByTen(_ bytes: inout [UInt8]) -> UInt8 {
        var remainder = 0
        for index in bytes.indices {
            let dividend = remainder << 8 | Int(bytes[index])
            (bytes[index], remainder) = (UInt8(dividend / 10), dividend % 10)
        }
        return UInt8(remainder)
    }

    /// - Parameter bytes: sixteen of them.
    private static func uuid(_ bytes: ArraySlice<UInt8>) -> String {
        UUID(uuid: bytes.withUnsafeBytes { $0.loadUnaligned(as: uuid_t.self) }).uuidString.lowercased()
    }
}
