/// One name out of a few, for a property whose type is an enumeration.
public struct HyperparameterChoice: Sendable {
    /// All names, in the order of the enumeration.
    public let names: [String]
    private let read: @Sendable (TrainingSettings) -> String
    private let write: @Sendable (String, inout TrainingSettings) -> Bool

    init<Choice: RawRepresentable & CaseIterable & Sendable>(_ property: Hyperparameter.Property<Choice>)
    where Choice.RawValue == String {
        names = Choice.allCases.map(\.rawValue)
        read = { $0[keyPath: property].rawValue }
        write = { name, settings in
            guard let choice = Choice(rawValue: name) else { return false }
            settings[keyPath: property] = choice
            return true
        }
    }

    /// The name that some settings have.
    public func name(in settings: TrainingSettings) -> String { read(settings) }

    /// Sets the value of this name.
    ///
    /// - Returns: false, with nothing changed, if there is no such name.
    @discardableResult
    public func set(_ name: String, in settings: inout TrainingSettings) -> Bool { write(name, &settings) }
}
