/// What to use instead of a property of Kafka's Java client that librdkafka lacks or spells differently.
enum JavaProperties {
    /// Advice by property; follows "is not a property of librdkafka: ".
    private static let advice: [String: String] = [
        // Reading
        "key.deserializer": leaveOut("keys are read as bytes"),
        "value.deserializer": leaveOut("messages are read as bytes; source.text says where the text is"),
        "key.serializer": leaveOut("nothing is produced"),
        "value.serializer": leaveOut("nothing is produced"),
        "schema.registry.url": "use source.schema_registry.url and source.format",
        "basic.auth.user.info": "use source.schema_registry.username and password",
        "schema.registry.basic.auth.user.info": "use source.schema_registry.username and password",
        "max.poll.records": leaveOut("batch.tokens and batch.delay bound a batch"),
        "fetch.max.wait.ms": "use fetch.wait.max.ms",
        "send.buffer.bytes": "use socket.send.buffer.bytes",
        "receive.buffer.bytes": "use socket.receive.buffer.bytes",
        "exclude.internal.topics": leaveOut("only the topics under source.kafka.topics are read"),
        "client.dns.lookup": leaveOut("every address of a broker is tried"),
        "interceptor.classes": leaveOut("it names Java classes"),
        // Time limits
        "session.timeout": "use session.timeout.ms",
        "heartbeat.interval": "use heartbeat.interval.ms",
        "max.poll.interval": "use max.poll.interval.ms",
        "default.api.timeout.ms": "use socket.timeout.ms",
        "socket.connection.setup.timeout.max.ms": "use socket.connection.setup.timeout.ms",
        // The group
        "group.protocol": leaveOut("this librdkafka supports only the classic protocol"),
        "group.remote.assignor": leaveOut("this librdkafka supports only the classic protocol"),
        "internal.leave.group.on.close": leaveOut("a dynamic member leaves its group at a stop, a static one does not"),
        // Metrics
        "metric.reporters": leaveOut(metrics),
        "metrics.num.samples": leaveOut(metrics),
        "metrics.recording.level": leaveOut(metrics),
        "metrics.sample.window.ms": leaveOut(metrics),
        "auto.include.jmx.reporter": leaveOut(metrics),
        "enable.metrics.push": leaveOut(metrics),
        // SASL
        "sasl.jaas.config": "use sasl.mechanism, sasl.username and sasl.password; for Kerberos sasl.kerberos.*",
        "sasl.login.class": leaveOut("it names a Java class"),
        "sasl.login.callback.handler.class": leaveOut("it names a Java class"),
        "sasl.client.callback.handler.class": leaveOut("it names a Java class"),
        // TLS
        "ssl.truststore.location": "use ssl.ca.location, a file of certificates in PEM",
        "ssl.truststore.certificates": "use ssl.ca.pem",
        "ssl.truststore.password": leaveOut("ssl.ca.location takes PEM, which has no password"),
        "ssl.truststore.type": leaveOut("ssl.ca.location takes PEM"),
        "ssl.keystore.type": leaveOut(
            "ssl.keystore.location takes PKCS#12; for PEM use ssl.certificate.location and ssl.key.location"),
        "ssl.keystore.key": "use ssl.key.pem",
        "ssl.keystore.certificate.chain": "use ssl.certificate.pem",
        "ssl.protocol": leaveOut(tlsVersion),
        "ssl.enabled.protocols": leaveOut(tlsVersion),
        "ssl.provider": leaveOut("OpenSSL does TLS"),
        "ssl.engine.factory.class": leaveOut("OpenSSL does TLS"),
        "ssl.keymanager.algorithm": leaveOut("OpenSSL does TLS"),
        "ssl.trustmanager.algorithm": leaveOut("OpenSSL does TLS"),
        "ssl.secure.random.implementation": leaveOut("OpenSSL does TLS"),
        "security.providers": leaveOut("OpenSSL does TLS"),
    ]

    private static let metrics = "the daemon serves its metrics at /metrics"
    private static let tlsVersion = "OpenSSL and the broker negotiate the TLS version"

    private static func leaveOut(_ reason: String) -> String { "leave it out: \(reason)" }

    /// Advice on a property that only the Java client has.
    static func advice(for name: String) -> String? {
        if let known = advice[name] { return known }
        if name.hasPrefix("sasl.login.") { return leaveOut("librdkafka renews its logins itself") }
        return nil
    }

    /// Advice on a value that only the Java client takes.
    static func advice(for name: String, value: String) -> String? {
        switch name {
        case "partition.assignment.strategy" where value.contains("Assignor"):
            "librdkafka's names are range, roundrobin and cooperative-sticky"
        case "auto.offset.reset" where value == "none": "use earliest or latest"
        case "ssl.keystore.location" where !value.isEmpty:
            "the file must be PKCS#12: keytool -importkeystore -deststoretype PKCS12 makes one of a JKS"
        default: nil
        }
    }
}
