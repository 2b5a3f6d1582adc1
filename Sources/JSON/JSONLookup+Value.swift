extension JSONLookup {
    /// The findings of all pointers in a value. If an object has a key twice, the last one counts.
    public func findings(in value: JSONValue) -> [Finding] {
        pointers.enumerated().map { index, pointer in
            var place = value
            for token in pointer.tokens {
                guard let next = place.child(token) else { return .missing }
                place = next
            }
            let finding = Self.finding(at: place, joinsArrays: joinsArrays(at: index))
            guard case .scalar(.number(let number)) = finding, keepsDigits(at: index) else { return finding }
            return .number(number, digits: place.text)
        }
    }

    private static func finding(at value: JSONValue, joinsArrays: Bool) -> Finding {
        switch value {
        case .null: .scalar(.null)
        case .boolean(let value): .scalar(.boolean(value))
        case .integer(let value): .scalar(.number(Double(value)))
        case .number(let value): .scalar(.number(value))
        case .string(let value): .scalar(.string(value))
        case .object: .container
        case .array(let elements): joinsArrays ? strings(elements) : .container
        }
    }

    private static func strings(_ elements: [JSONValue]) -> Finding {
        var strings: [String] = []
        for element in elements {
            switch element {
            case .string(let string): strings.append(string)
            case .null: break
            default: return .container
            }
        }
        return .strings(strings)
    }
}

extension JSONValue {
    /// What a token of a JSON Pointer leads to.
    fileprivate func child(_ token: String) -> JSONValue? {
        switch self {
        case .object(let members): return members.last { $0.key.utf8.elementsEqual(token.utf8) }?.value
        case .array(let elements):
            // RFC 6901 allows no leading zeros and no sign.
            guard let index = Int(token), "\(index)" == token, elements.indices.contains(index) else { return nil }
            return elements[index]
        default: return nil
        }
    }
}
