// From labelled rows to an adapter candidate, one folder per stage:
//
//   Rows        files and queries → `[LabelledText]`
//                 `LabelledFile`          reads TSV, CSV, JSON Lines and JSON into a `RowCollection`
//                 `AnnotationFile`        reads the answers of annotators, with name, time and origin
//                 `RowPlausibility`       doubts rows that were probably read the wrong way
//                 `PreparedRows`          one row per text, and the validation rows; `RowsReport` says what was found
//                 `HoldOut`               a hash of the text → held out or not
//   Settings    `Hyperparameter`          the one declaration of key, flag, range and meaning
//               `TrainingSettings`        the values of one training
//   Recipe      `RecipeRule`              rows, labels and texts → the settings that nobody gave, with reasons
//               `TrainingWatch`           losses and predictions → `TrainingFinding`: collapse, divergence …
//   Trainer     `AdapterTrainer`          rows and settings → `AdapterCandidate`, step by step:
//                 `TrainingRows`          texts → token ids and targets
//                 `BatchPlan`             seed and epoch → batches, each divided into one share per worker
//                 `LearningRateSchedule`  step → learning rate
//                 `HiddenStateCache`      output of the frozen layers below the lowest adapted one, kept between epochs
//                 `TrainingWorker`        a share → its loss and gradient, on a thread of `WorkerTeam`
//                 `AdapterOptimizer`      the gradients of the shares → clipping, one step of AdamW
//                 `TrainingHistory`       the finished epochs, and the best one
//   Progress    `TrainingProgress`, `EpochReport` and `LossCurve`, for people
//   Evaluation  `Evaluator`               texts and an adapter → `[Prediction]`, `Evaluation`
//               `ScoreFitting`            temperature, thresholds and abstention thresholds on validation rows
//               `PairedComparison`        two adapters on the same rows → their difference, and its p-values
//   Checkpoint  `TrainingCheckpoint`      all that is needed to resume and end with the same bits
//   LinearHead  `FeatureEncoder`        texts → features of the frozen base
//               `LinearHead`            features and targets → probabilities, in seconds
//   LabelQuality `LabelReview`          rows and features → `[SuspectLabel]`
//   ActiveLearning `SelectionStrategy`  probabilities and features → the texts to label next
//   Search      `SettingsSearch`          several settings, trained in parts → the best
