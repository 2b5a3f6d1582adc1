import AdapterRegistry

/// What becomes of a challenger whose shadow has ended, and why. It is pure.
struct ShadowDecision: Equatable {
    /// `promoted`, or `held` for a person: it won on the held-out rows, so the labels that it changes do not reject it.
    let verdict: RetrainingVerdict
    /// A sentence for a person.
    let reason: String
    /// Whether a person must promote it.
    let awaitsApproval: Bool

    init(_ comparison: ShadowComparison, _ terms: ShadowTerms, version: Int) {
        let figures = ShadowReason(comparison).figures
        if comparison.texts < terms.minimumTexts {
            (verdict, awaitsApproval) = (.held, true)
            reason =
                "version \(version) labelled too few texts in its shadow until the time limit: \(figures); "
                + Quantity.required(terms.minimumTexts)
                + " (retrain.shadow_minimum_texts, retrain.shadow_time_limit); a person must promote it"
        } else if comparison.changedShare > terms.changedLabels {
            let limit = ShadowReason.percent(terms.changedLabels)
            (verdict, awaitsApproval) = (.held, true)
            reason =
                "version \(version) changes too many labels in its shadow: \(figures); at most \(limit) may change "
                + "(retrain.shadow_changed_labels); a person must promote it"
        } else if terms.awaitsApproval {
            (verdict, awaitsApproval) = (.held, true)
            reason =
                "version \(version) passed its shadow: \(figures); a person must promote it "
                + "(retrain.gate.approve: person)"
        } else {
            (verdict, awaitsApproval) = (.promoted, false)
            reason = "version \(version) won in retraining \(terms.retraining), and in its shadow \(figures)"
        }
    }

    /// For a challenger that cannot label in the daemon that ends its shadow, and for which no other daemon had texts
    /// enough: `held`.
    init(unfit reason: String, version: Int) {
        (verdict, awaitsApproval) = (.held, true)
        self.reason =
            "the shadow of version \(version) was ended at its time limit: it cannot label here: \(reason); "
            + "a person must promote it"
    }

    /// For a challenger that cannot label: `rejected`.
    init(failed reason: String, version: Int) {
        (verdict, awaitsApproval) = (.rejected, false)
        self.reason = "the shadow of version \(version) was ended: \(reason)"
    }
}
