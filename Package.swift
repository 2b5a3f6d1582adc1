// swift-tools-version: 6.2
import PackageDescription

// Layers: a module imports only modules that come before it in this file.
// `make build` compiles with `--explicit-target-dependency-import-check error`, so it refuses all other imports.

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

/// Compiles in the places where tests kill the process (`CrashPoint`). `make install` sets LORIKEET_RELEASE, which
/// leaves them out.
let crashPoints: [SwiftSetting] =
    Context.environment["LORIKEET_RELEASE"] == nil ? [.define("LORIKEET_CRASH_POINTS")] : []

/// A module of Lorikeet under `Sources/NAME`.
func module(_ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = []) -> Target {
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
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
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
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // 0: the C libraries, each a module map and a shim
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CAvro", pkgConfig: "avro-c", providers: [.apt(["libavro-dev"])]),
        .systemLibrary(name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .target(name: "CVectorKernels", cSettings: [.unsafeFlags(["-O3"])]),

        // 1: foundations: JSON, files, threads, kernels, and one module per client library
        module("JSON"),
        module("LogKeys"),
        module("Avro", ["JSON"]),
        module("Files", ["CLinux", "COpenSSL"]),
        module("Threading", ["CLinux"]),
        module("Kernels", ["COpenBLAS", "CVectorKernels"]),
        module("KafkaClient", ["CRdKafka", "Threading"]),
        module("PostgresClient", ["CLibPQ", "Threading"]),
        module("HTTPClient", ["CCurl"]),
        module("SchemaRegistry", ["HTTPClient", "JSON", "Threading"]),
        module("LocalServers", ["CRdKafka", "Threading", "KafkaClient"]),

        // 2: the classifier
        module("WordPiece", ["JSON", "Files"]),
        module("BERT", ["JSON", "Files", "Threading", "Kernels", "WordPiece"]),

        // 3: training an adapter; drift of the texts; the registry of all adapters
        module("Training", ["CLinux", "JSON", "Files", "Threading", "Kernels", "WordPiece", "BERT"]),
        module("Drift", ["BERT"]),
        module("AdapterRegistry", ["Files", "BERT", "Drift"]),

        // 4: the two paths
        module(
            "Serving",
            [
                "JSON", "LogKeys", "Threading", "WordPiece", "BERT", "Drift", "AdapterRegistry", asyncAlgorithms,
                coreMetrics, deque, logging,
            ], settings: crashPoints),
        module(
            "Retraining",
            ["LogKeys", "Threading", "WordPiece", "BERT", "Training", "Drift", "AdapterRegistry", logging]),

        // 5: both paths over Kafka and PostgreSQL; pipeline files; reports; what a daemon says of itself
        module(
            "Connectors",
            [
                "JSON", "LogKeys", "Threading", "Avro", "KafkaClient", "SchemaRegistry", "PostgresClient", "BERT",
                "Drift", "AdapterRegistry", "Serving", "Retraining", logging,
            ]),
        module(
            "Pipelines", ["CYAML", "JSON", "Files", "BERT", "Training", "AdapterRegistry", "Serving", "Retraining"]),
        module("Reports", ["Threading", "BERT", "Training", "Retraining"]),
        module("DaemonClient", ["HTTPClient"]),

        // 6: the use cases; the daemon; demo, soak and benchmarks
        module(
            "Operations",
            [
                "JSON", "Files", "LogKeys", "Threading", "Kernels", "KafkaClient", "SchemaRegistry",
                "PostgresClient", "WordPiece", "BERT", "Drift", "Training", "AdapterRegistry", "Serving", "Retraining",
                "Connectors", "Pipelines", "Reports", logging,
            ]),
        module(
            "Daemon",
            [
                "CMicroHTTPD", "JSON", "LogKeys", "Files", "Threading", "Kernels", "WordPiece", "BERT", "Drift",
                "AdapterRegistry", "Serving", "Retraining", "Connectors", "Pipelines", "DaemonClient", "Operations",
                coreMetrics, logging, serviceLifecycle, unixSignals,
            ]),
        module(
            "Lab",
            [
                "JSON", "Files", "Threading", "Kernels", "KafkaClient", "PostgresClient", "HTTPClient", "LocalServers",
                "WordPiece", "BERT", "Drift", "Training", "AdapterRegistry", "Serving", "Retraining", "Connectors",
                "Pipelines", "Reports", "DaemonClient", "Operations",
            ]),

        // 7: the command line
        .executableTarget(
            name: "lorikeet",
            dependencies: [
                "JSON", "Files", "Threading", "Kernels", "WordPiece", "BERT", "Training", "Drift", "AdapterRegistry",
                "Serving", "Retraining", "Connectors", "Pipelines", "Reports", "DaemonClient", "Operations", "Daemon",
                "Lab", argumentParser, logging,
            ],
            swiftSettings: strict),

        // Tests
        .target(
            name: "TestSupport",
            dependencies: [
                "CMicroHTTPD", "CRdKafka", "Files", "Threading", "Kernels", "KafkaClient", "PostgresClient",
                "LocalServers", "WordPiece", "BERT", "Drift", "AdapterRegistry", "Serving", "Retraining", logging,
            ],
            path: "Tests/TestSupport", swiftSettings: strict),
        .target(
            name: "DaemonFixtures",
            dependencies: [
                "PostgresClient", "LocalServers", "WordPiece", "BERT", "Training", "AdapterRegistry", "Serving",
                "Connectors", "Pipelines", "Operations", "Daemon", "TestSupport", logging,
            ],
            path: "Tests/DaemonFixtures", swiftSettings: strict),
        .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
        tests("JSON", ["CAllocationCounter"]),
        tests("Avro", ["CAvro", "JSON"]),
        tests("SchemaRegistry"),
        tests("Files"),
        tests("Threading"),
        tests("Kernels", ["CVectorKernels"]),
        tests("KafkaClient", ["LocalServers"]),
        tests("PostgresClient", ["LocalServers"]),
        tests("LocalServers", ["PostgresClient"]),
        tests("WordPiece", resources: [.copy("Fixtures")]),
        tests("BERT", ["Kernels", "WordPiece", "CAllocationCounter"], resources: [.copy("Fixtures")]),
        tests("Training", ["Kernels", "WordPiece", "BERT"], resources: [.copy("Fixtures")]),
        tests("Drift", ["BERT"]),
        tests("AdapterRegistry", ["BERT", "Drift"]),
        tests("Serving", ["JSON", "Threading", "BERT", "Drift", "AdapterRegistry", logging, metricsTestKit]),
        tests("Retraining", ["Threading", "BERT", "Training", "Drift", "AdapterRegistry", logging]),
        tests(
            "Connectors",
            [
                "JSON", "Files", "Threading", "Kernels", "KafkaClient", "SchemaRegistry", "PostgresClient",
                "LocalServers", "BERT", "Training", "Drift", "AdapterRegistry", "Serving", "Retraining", metricsTestKit,
            ]),
        tests("Pipelines", ["JSON", "BERT", "Training", "Serving", "Retraining"]),
        tests("Reports", ["Kernels", "BERT", "Training", "Retraining"]),
        tests("DaemonClient"),
        tests(
            "Operations",
            [
                "Threading", "Kernels", "PostgresClient", "WordPiece", "BERT", "Training", "Drift", "AdapterRegistry",
                "Serving", "Retraining", "Connectors", "Pipelines", "DaemonFixtures", logging,
            ]),
        tests(
            "Daemon",
            [
                "Threading", "PostgresClient", "LocalServers", "WordPiece", "BERT", "Training", "Drift",
                "AdapterRegistry", "Serving", "Retraining", "Connectors", "Pipelines", "DaemonClient", "Operations",
                "DaemonFixtures", coreMetrics, logging,
            ]),
        tests("Lab", ["JSON", "Kernels", "PostgresClient", "LocalServers", "Drift", "Training", "Pipelines"]),
        .testTarget(
            name: "LorikeetTests",
            dependencies: [
                "Threading", "KafkaClient", "PostgresClient", "LocalServers", "BERT", "Training", "AdapterRegistry",
                "Serving", "Connectors", "DaemonClient", "Lab", "lorikeet", "TestSupport",
            ],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "TidyTests", dependencies: ["lorikeet", "TestSupport", argumentParser], swiftSettings: strict),
    ]
)
