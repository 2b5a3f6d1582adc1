/// Why a version was not loaded.
enum AdapterRefusal: Error {
    case unusable(String)
    /// It is not what the task of this process requires. Another process may have another pipeline file.
    case unfit(String)
    /// The registry does not have it any more, or not its weights. An import brings them back.
    case missing(String)
    case unavailable(any Error)

    /// - Parameter error: what the store threw.
    init(loading error: any Error) {
        switch error {
        case is DamagedAdapter: self = .unusable("\(error)")
        case is AdapterStoreError: self = .missing("\(error)")
        default: self = .unavailable(error)
        }
    }

    /// Whether loading the same content again would end the same way.
    var isLasting: Bool {
        switch self {
        case .unusable, .unfit: true
        case .missing, .unavailable: false
        }
    }
}
