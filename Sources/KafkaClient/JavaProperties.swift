/// What to write in place of a property of Kafka's Java client that librdkafka does not have, or has in another way.
enum JavaProperties {
    /// Advice by property; reads on after "is no property of librdkafka: ".
    private static let advice: [String: String] = [
        // Reading
        "key.deserializer": leaveOut("keys are read as the bytes they are"),
        "value.deserializer": leaveOut("messages are read as the bytes they are; source.text says where the text is"),
        "key.serializer": leaveOut("nothing is produced"),
        "value.serializer": leaveOut("nothing is produced"),
        "schema.registry.url": leaveOut("messages are text or JSON"),
        "max.poll.records": leaveOut("batch.tokens and batch.delay say what is labelled together"),
        "fetch.max.wait.ms": "use fetch.wait.max.ms",
        "send.buffer.bytes": "use socket.send.buffer.bytes",
        "receive.buffer.bytes": "use socket.receive.buffer.bytes",
        "exclude.internal.topics": leaveOut("only the topics under source.kafka.topics are read"),
        "client.dns.lookup": leaveOut("every address of a broker is tried"),
        "interceptor.classes": leaveOut("it names classes of Java"),
        // Time limits
        "session.timeout": "use session.timeout.ms",
        "heartbeat.interval": "use heartbeat.interval.ms",
        "max.poll.interval": "use max.poll.interval.ms",
        "default.api.timeout.ms": "use socket.timeout.ms",
        "socket.connection.setup.timeout.max.ms": "use socket.connection.setup.timeout.ms",
        // The group
        "group.protocol": leaveOut("this librdkafka knows the classic protocol only"),
        "group.remote.assignor": leaveOut("this librdkafka knows the classic protocol only"),
        "internal.leave.group.on.close": leaveOut("a daemon that stops leaves its group"),
        // Metrics
        "metric.reporters": leaveOut(metrics),
        "metrics.num.samples": leaveOut(metrics),
        "metrics.recording.level": leaveOut(metrics),
        "metrics.sample.window.ms": leaveOut(metrics),
        "auto.include.jmx.reporter": leaveOut(metrics),
        "enable.metrics.push": leaveOut(metrics),
        // SASL
        "sasl.jaas.config": "use sasl.mechanism, sasl.username and sasl.password; for Kerberos sasl.kerberos.*",
        "sasl.login.class": leaveOut("it names a class of Java"),
        "sasl.login.callback.handler.class": leaveOut("it names a class of Java"),
        "sasl.client.callback.handler.class": leaveOut("it names a class of Java"),
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
        "ssl.provider": leaveOut("TLS is OpenSSL's"),
        "ssl.engine.factory.class": leaveOut("TLS is OpenSSL's"),
        "ssl.keymanager.algorithm": leaveOut("TLS is OpenSSL's"),
        "ssl.trustmanager.algorithm": leaveOut("TLS is OpenSSL's"),
        "ssl.secure.random.implementation": leaveOut("TLS is OpenSSL's"),
        "security.providers": leaveOut("TLS is OpenSSL's"),
    ]

    private static let metrics = "the daemon's figures are at /metrics"
    private static let tlsVersion = "OpenSSL and the broker agree on the version of TLS"

    private static func leaveOut(_ reason: String) -> String { "leave it out: \(reason)" }

    static func advice(for name: String) -> String? {
        if let known = advice[name] { return known }
        if name.hasPrefix("sasl.login.") { return leaveOut("librdkafka renews its logins by itself") }
        return nil
    }

    /// Advice on a value that is right for Java only.
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
