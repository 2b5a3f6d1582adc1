import FoundationEssentials

/// Fills in `${NAME}`, `${NAME:-default}`, `${credential:NAME}`; `$${` stands for the two characters `${`.
///
/// What is filled in is a value, never YAML: it cannot add keys or lines.
struct Substitution {
    let environment: PipelineEnvironment

    /// How the message about a variable that is not set begins.
    static let unsetVariable = "the environment variable"

    /// A text after substitution.
    struct Result {
        var text: String
        /// Whether a part came from outside the file; such a text is never shown in a message.
        var isFromOutside = false
    }

    /// A reference that cannot be filled in: the message names it, never a value.
    struct Failure: Error { let message: String }

    func fill(_ source: String) throws(Failure) -> Result {
        var result = Result(text: "")
        var rest = Substring(source)
        while let dollar = rest.firstIndex(of: "$") {
            result.text += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                result.text += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                guard let end = rest.firstIndex(of: "}") else {
                    throw Failure(message: "${ without a closing }; write $${ for a literal ${")
                }
                result.text += try value(of: rest[rest.index(dollar, offsetBy: 2)..<end])
                result.isFromOutside = true
                rest = rest[rest.index(after: end)...]
            } else {
                result.text += "$"
                rest = rest.dropFirst()
            }
        }
        result.text += rest
        return result
    }

    /// The value of what stands between the braces.
    private func value(of reference: Substring) throws(Failure) -> String {
        let name: Substring
        let fallback: String?
        if let separator = reference.firstRange(of: ":-") {
            (name, fallback) = (reference[..<separator.lowerBound], String(reference[separator.upperBound...]))
        } else {
            (name, fallback) = (reference, nil)
        }
        let isCredential = name.hasPrefix("credential:")
        let bare = isCredential ? name.dropFirst("credential:".count) : name
        guard isCredential ? Self.isCredentialName(bare) : Self.isVariableName(bare) else {
            throw Failure(
                message: "${\(name)} is not a variable: write ${NAME}, ${NAME:-default} or ${credential:NAME}")
        }
        if isCredential { return try credential(String(bare), fallback: fallback) }
        if let value = environment.variables[String(bare)], !(value.isEmpty && fallback != nil) { return value }
        guard let fallback else { throw Failure(message: "\(Self.unsetVariable) \(bare) is not set") }
        return fallback
    }

    private func credential(_ name: String, fallback: String?) throws(Failure) -> String {
        guard let directory = environment.credentialsDirectory else {
            if let fallback { return fallback }
            throw Failure(
                message: "no credential \(name): CREDENTIALS_DIRECTORY is not set (systemd sets it for LoadCredential=)"
            )
        }
        let path = directory + "/" + name
        guard let data = FileManager.default.contents(atPath: path) else {
            // One that is there was meant, whatever stands in for it.
            guard !FileManager.default.fileExists(atPath: path) else {
                throw Failure(
                    message: "the credential \(name) in CREDENTIALS_DIRECTORY cannot be read: check its owner and mode")
            }
            if let fallback { return fallback }
            throw Failure(message: "there is no credential \(name) in CREDENTIALS_DIRECTORY")
        }
        guard var text = String(bytes: data, encoding: .utf8) else {
            throw Failure(message: "the credential \(name) is not UTF-8")
        }
        if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text.removeLast() }
        return text
    }

    private static func isVariableName(_ name: Substring) -> Bool {
        guard let first = name.unicodeScalars.first, isWordScalar(first), !("0"..."9").contains(first) else {
            return false
        }
        return name.unicodeScalars.allSatisfy(isWordScalar)
    }

    /// File names without a folder.
    private static func isCredentialName(_ name: Substring) -> Bool {
        !name.isEmpty && name != "." && name != ".."
            && name.unicodeScalars.allSatisfy { isWordScalar($0) || $0 == "." || $0 == "-" }
    }

    private static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_")
    }
}
