import BERT

extension LongTextsChoice {
    /// The choice, if a base can read its windows.
    ///
    /// - Throws: status 64 if the base has fewer positions than a window has tokens.
    func checked(over base: BERTBase) throws(CommandFailure) -> LongTextsChoice {
        guard case .windows(let longTexts) = self,
            let problem = longTexts.problem(positions: base.configuration.positions)
        else { return self }
        throw CommandFailure(.usage, "--long-texts: window \(problem)")
    }
}
