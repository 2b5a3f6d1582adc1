// swift-tools-version: 6.2
import PackageDescription

// Layers, strictly downward: a module imports only modules that stand above it in this file.
// `make build` compiles with `--explicit-target-dependency-import-check error`, which keeps that true.

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

/// The places where the tests kill the process (`CrashPoint`); `make install` sets LORIKEET_RELEASE and leaves them out.
let crashPoints: [SwiftSetting] = Context.environment["LORIKEET_RELEASE"] == nil ? [.define("LORIKEET_CRASH_POINTS")] : []

/// A module of Lorikeet under `Sources/NAME`.
func module(_ name: String, _ dependencies: [Target.Dependency], settings: [SwiftSetting] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict + settings)
}

/// The tests of a module under `Tests/NAMETests`.
func tests(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.byName(name: name), "TestSupport"] + dependencies,
        resources: resources, swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncAlgorithms = Target.Dependency.product(name: "AsyncAlgorithms", package: "swift-async-algorithms")
let collections = Target.Dependency.product(name: "Collections", package: "swift-collections")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let metricsTestKit = Target.Dependency.product(name: "MetricsTestKit", package: "swift-metrics")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

let package = Package(
    name: "lorikeet",
    products: [.executable(name: "lorikeet", targets: ["lorikeet"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // 0: the C libraries
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .target(name: "CVectorKernels", cSettings: [.unsafeFlags(["-O3"])]),

        // 1: each C library behind one Swift module, and files
        module("KafkaClient", ["CRdKafka"]),
        module("PostgresClient", ["CLibPQ"]),
        module("Kernels", ["COpenBLAS", "CVectorKernels"]),
        module("ModelFiles", ["COpenSSL"]),

        // 2: the classifier
        module("WordPiece", ["ModelFiles"]),
        module("BERT", ["Kernels", "ModelFiles"]),

        // 3: learning one adapter, keeping many
        module("Training", ["BERT", "Kernels", "ModelFiles", "WordPiece"]),
        module("AdapterRegistry", ["BERT"]),

        // 4: the two ways through the house
        module(
            "Serving", ["WordPiece", "BERT", "AdapterRegistry", asyncAlgorithms, collections, logging, metrics],
            settings: crashPoints),
        module("Retraining", ["Training", "AdapterRegistry", "BERT", "WordPiece", logging]),

        // 5: both ways over Kafka and PostgreSQL
        module(
            "Connectors",
            ["KafkaClient", "PostgresClient", "Serving", "Retraining", "AdapterRegistry", "BERT", "Training", logging]),

        // 6: the composition root
        module(
            "Daemon",
            [
                "Connectors", "Retraining", "Serving", "AdapterRegistry", "Training", "BERT", "WordPiece", "Kernels",
                "PostgresClient", "KafkaClient", "CYAML", hummingbird, logging, metrics, coreMetrics, serviceLifecycle, unixSignals,
            ]),

        // 7: the command line
        .executableTarget(
            name: "lorikeet",
            dependencies: [
                "Daemon", "Connectors", "Retraining", "Serving", "AdapterRegistry", "Training", "BERT", "WordPiece",
                "Kernels", "PostgresClient", "KafkaClient", argumentParser, logging,
            ],
            swiftSettings: strict),

        // Tests
        .target(
            name: "TestSupport",
            dependencies: [
                "CRdKafka", "KafkaClient", "PostgresClient", "Kernels", "WordPiece", "BERT", "Training", "AdapterRegistry", "Serving",
                "Retraining", logging,
            ],
            path: "Tests/TestSupport", swiftSettings: strict),
        tests("KafkaClient"),
        tests("PostgresClient"),
        tests("Kernels", ["CVectorKernels"]),
        tests("ModelFiles"),
        tests("WordPiece", ["ModelFiles"], resources: [.copy("Fixtures")]),
        .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
        tests("BERT", ["Kernels", "CAllocationCounter"], resources: [.copy("Fixtures")]),
        tests("Training", ["BERT", "Kernels", "WordPiece"], resources: [.copy("Fixtures")]),
        tests("AdapterRegistry", ["BERT"]),
        tests("Serving", ["WordPiece", "BERT", "AdapterRegistry", logging, metricsTestKit]),
        tests("Retraining", ["Training", "AdapterRegistry", "BERT", "WordPiece", logging]),
        tests(
            "Connectors",
            [
                "KafkaClient", "PostgresClient", "Serving", "Retraining", "AdapterRegistry", "BERT", "Training", "WordPiece",
                logging, metricsTestKit,
            ]),
        tests(
            "Daemon",
            [
                "Connectors", "KafkaClient", "PostgresClient", "Serving", "Retraining", "AdapterRegistry", "Training", "BERT",
                "WordPiece", "Kernels", logging,
            ]),
        .testTarget(
            name: "LorikeetTests",
            dependencies: [
                "lorikeet", "Daemon", "Connectors", "Serving", "KafkaClient", "PostgresClient", "AdapterRegistry", "Training",
                "BERT", "Kernels", "TestSupport",
            ],
            swiftSettings: strict),
    ]
)
