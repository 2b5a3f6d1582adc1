import Testing

@testable import BERT

/// Logits against what transformers and PEFT computed.
struct LogitParityTests {
    @Test(arguments: [
        ("bert", "plain"), ("bert", "patterns"), ("bert", "dense"), ("bert", "everything"), ("bert", "biases"),
        ("bert", "dora"),
        ("bert", "top"), ("bert-half", "plain"), ("bert-brain", "plain"), ("distilbert", "plain"),
        ("distilbert", "everything"),
        ("bert-odd", "rank1"), ("bert-odd", "rank64"), ("bert-odd", "dora"), ("distilbert-odd", "patterns"),
        ("distilbert-odd", "biases"),
        ("distilbert-odd", "dora"),
        ("distilbert-odd", "all"),
    ])
    func logitsEqualThoseOfPEFT(base: String, adapter: String) throws {
        let fixture = try Fixture(base)
        let expected = try #require(fixture.cases[adapter])
        #expect(deviation(fixture.logits(try fixture.adapter(adapter)), expected.logits) < 1e-4)
    }

    @Test func configurationsAreReadFromBothArchitectures() throws {
        let bert = try BERTConfiguration(directory: Fixture.folder("bert-half"))
        #expect(bert.architecture == .bert)
        #expect(bert.activation == .relu)
        #expect((bert.layers, bert.hidden, bert.heads, bert.intermediate) == (3, 32, 4, 48))
        #expect((bert.vocabulary, bert.positions, bert.tokenTypes, bert.headSize) == (61, 40, 2, 8))
        let distil = try BERTConfiguration(directory: Fixture.folder("distilbert"))
        #expect(distil.architecture == .distilbert)
        #expect((distil.layers, distil.hidden, distil.tokenTypes) == (2, 32, 0))
        #expect(distil.dropout.classifier == 0.2)
    }

    @Test func adaptersWithoutLabelsGetThoseOfTransformers() throws {
        let adapter = try Fixture("bert").adapter("plain")
        #expect(adapter.labels == ["LABEL_0", "LABEL_1", "LABEL_2"])
        #expect(adapter.manifest.baseDigest == nil)
    }

    @Test func lowestLayerFollowsLayersToTransform() throws {
        let fixture = try Fixture("bert")
        #expect(try fixture.adapter("plain").lowestLayer == 0)
        #expect(try fixture.adapter("patterns").lowestLayer == 1)
        #expect(try fixture.adapter("top").lowestLayer == 2)
    }

    @Test func softmaxDividesByTheTemperature() {
        let cold = softmax([1, 2, 3], temperature: 1)
        let warm = softmax([1, 2, 3], temperature: 10)
        #expect(abs(cold.reduce(0, +) - 1) < 1e-6)
        #expect(cold[2] > warm[2])
    }
}
