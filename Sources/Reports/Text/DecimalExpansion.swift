/// Every decimal digit of a finite `Double`, so that rounding sees the exact binary value as `printf` does.
///
/// A double is an integer times a power of two, and 1/2ᵏ is 5ᵏ/10ᵏ: its decimal expansion is finite.
struct DecimalExpansion {
    private let isNegative: Bool
    /// From the most significant one, without leading zeros; empty for zero.
    private let digits: [UInt8]
    /// The number of digits before the decimal point; negative if zeros follow the point.
    private let integerDigits: Int

    /// - Precondition: the value is finite.
    init(_ value: Double) {
        isNegative = value.sign == .minus
        let bits = value.significandBitPattern
        let isNormal = value.exponentBitPattern > 0
        let significand = isNormal ? bits | (1 << 52) : bits
        let exponent = Int(max(value.exponentBitPattern, 1)) - 1075
        digits = Self.digits(of: significand, times: exponent < 0 ? 5 : 2, toThe: abs(exponent))
        integerDigits = digits.count - (exponent < 0 ? -exponent : 0)
    }

    /// As `printf("%.nf")` writes it.
    func fixed(decimals: Int) -> String {
        let (rounded, carry) = roundedDigits(count: integerDigits + decimals)
        let whole = integerDigits + carry
        var text = isNegative ? "-" : ""
        text += whole > 0 ? Self.text(rounded[..<whole]) : "0"
        if decimals > 0 {
            let zeros = min(max(-whole, 0), decimals)
            text += "." + String(repeating: "0", count: zeros)
            text += Self.text(rounded[max(whole, 0)...].prefix(decimals - zeros))
        }
        return text
    }

    /// As `printf("%.ne")` writes it.
    func scientific(decimals: Int) -> String {
        let (rounded, carry) = roundedDigits(count: decimals + 1)
        let exponent = digits.isEmpty ? 0 : integerDigits - 1 + carry
        let sign = isNegative ? "-" : ""
        let fraction = decimals > 0 ? "." + Self.text(rounded[1...decimals]) : ""
        let magnitude = (abs(exponent) < 10 ? "0" : "") + String(abs(exponent))
        return "\(sign)\(Self.text(rounded[..<1]))\(fraction)e\(exponent < 0 ? "-" : "+")\(magnitude)"
    }

    /// The first digits, rounded half to even and filled up with zeros.
    ///
    /// - Returns: the digits, and 1 if rounding has put one more before them, as 9.9 becomes 10.
    private func roundedDigits(count: Int) -> (digits: [UInt8], carry: Int) {
        guard count >= 0, !digits.isEmpty else { return ([UInt8](repeating: 0, count: max(count, 1)), 0) }
        guard count < digits.count else {
            return (digits + [UInt8](repeating: 0, count: count - digits.count), 0)
        }
        var kept = Array(digits[..<count])
        let isTie = digits[count] == 5 && digits[(count + 1)...].allSatisfy { $0 == 0 }
        let roundsUp = isTie ? (kept.last ?? 0) % 2 == 1 : digits[count] >= 5
        guard roundsUp else { return (kept, 0) }
        for index in kept.indices.reversed() {
            if kept[index] < 9 {
                kept[index] += 1
                return (kept, 0)
            }
            kept[index] = 0
        }
        return ([1] + kept, 1)
    }

    /// The decimal digits of `number · factorᵖᵒʷᵉʳ`.
    private static func digits(of number: UInt64, times factor: UInt64, toThe power: Int) -> [UInt8] {
        guard number > 0 else { return [] }
        let base: UInt64 = 1_000_000_000
        // Limbs of nine digits, the least significant one first.
        var limbs = [number % base, number / base % base]
        func multiply(by factor: UInt64) {
            var carry: UInt64 = 0
            for index in limbs.indices {
                (carry, limbs[index]) = (limbs[index] * factor + carry).quotientAndRemainder(dividingBy: base)
            }
            if carry > 0 { limbs.append(carry) }
        }
        // Twelve powers at once: the product of a limb and 5¹² fits into 64 bits.
        let dozen = (0..<12).reduce(UInt64(1)) { product, _ in product * factor }
        for _ in 0..<(power / 12) { multiply(by: dozen) }
        for _ in 0..<(power % 12) { multiply(by: factor) }
        let all = limbs.reversed().flatMap { limb in
            let text = Array(String(limb).utf8)
            return [UInt8](repeating: 0, count: 9 - text.count) + text.map { $0 - UInt8(ascii: "0") }
        }
        return Array(all.drop { $0 == 0 })
    }

    private static func text(_ digits: some Collection<UInt8>) -> String {
        String(decoding: digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
    }
}
