import BERT
import Training

/// What a training tells while it runs, in this order.
public protocol TrainObserver {
    /// A note for a person, such as a warning.
    func note(_ line: String)
    /// The rows and the base are read; the training begins.
    func rowsRead(_ report: RowsReport, base: BERTBase)
    /// The recipe has chosen the settings that were not given.
    func chosen(_ account: RecipeAccount)
    /// A trial of the search for settings is measured.
    func searched(_ progress: SettingsSearch.Progress)
    /// The search for settings has ended.
    func searchEnded(_ result: SettingsSearch.Result) throws
    /// A step or an epoch has ended.
    func trained(_ progress: TrainingProgress)
    /// The training has ended or failed; nothing more is trained.
    func trainingEnded()
    /// Validation rows are predicted for the report.
    func evaluated(_ done: Int, of total: Int)
}
