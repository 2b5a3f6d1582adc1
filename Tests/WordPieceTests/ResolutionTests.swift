import Foundation
import TestSupport
import Testing

@testable import WordPiece

/// Folders whose files contradict one another, and what two versions of transformers make of them;
/// see Fixtures/resolution.py.
struct ResolutionTests {
    private struct Fixture: Decodable {
        struct Part: Decodable {
            var name: String
            /// By file name, an index in `contents`.
            var files: [String: Int]
        }
        struct Table: Decodable {
            var name: String
            var rows: [Part]
            var columns: [Part]
            /// By row: the error of a folder that is refused in any case.
            var refusals: [String: String]
            /// By version, row and column: an index in `outcomes`.
            var answers: [String: [[Int]]]
        }
        var strings: [String]
        var vocabulary: [String]
        var contents: [String]
        var outcomes: [[[Int32]]?]
        var tables: [Table]
    }

    /// One folder of a table.
    private struct Cell {
        var name: String
        var files: [String: String]
        var refusal: String?
        /// nil: it does not load.
        var older: [[Int32]]?
        var newer: [[Int32]]?
    }

    private static let versions = ["4.57.6", "5.24.0"]

    private func fixture() throws -> Fixture {
        let url = try #require(
            Bundle.module.url(forResource: "resolution", withExtension: "json", subdirectory: "Fixtures"))
        return try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: url))
    }

    private func cells(_ table: Fixture.Table, _ fixture: Fixture, _ contents: [String]) throws -> [Cell] {
        let answers = try Self.versions.map { try #require(table.answers[$0]) }
        var cells: [Cell] = []
        for (i, row) in table.rows.enumerated() {
            for (j, column) in table.columns.enumerated() {
                let files = row.files.merging(column.files) { $1 }.mapValues { contents[$0] }
                cells.append(
                    Cell(
                        name: "\(table.name): \(row.name) | \(column.name)", files: files,
                        refusal: table.refusals[row.name],
                        older: fixture.outcomes[answers[0][i][j]], newer: fixture.outcomes[answers[1][i][j]]))
            }
        }
        return cells
    }

    /// The ids that the folder gives the strings, or why it is refused.
    private func found(_ folder: TokenizerFolder, _ strings: [String]) -> Result<[[Int32]], WordPieceError> {
        do throws(WordPieceError) {
            let tokenizer = try WordPieceTokenizer(directory: folder.path)
            return .success(strings.map { tokenizer.encode($0, maxTokens: 64) })
        } catch {
            let reason = "\(error)".replacingOccurrences(of: folder.path + "/", with: "")
            return .failure(.malformed(file: "", reason: reason))
        }
    }

    private func check(_ cell: Cell, in folder: TokenizerFolder, _ strings: [String]) {
        switch found(folder, strings) {
        case .success(let ids):
            #expect(cell.refusal == nil, "\(cell.name)")
            #expect(ids == cell.newer, "\(cell.name)")
            #expect(cell.older == nil || ids == cell.older, "\(cell.name)")
        case .failure(.malformed(_, let reason)):
            if let refusal = cell.refusal {
                #expect(reason == refusal, "\(cell.name)")
            } else {
                #expect(cell.older == nil || cell.newer == nil || cell.older != cell.newer, "\(cell.name): \(reason)")
            }
        case .failure(let error): Issue.record("\(error)")
        }
    }

    @Test func everyFolderIsReadAsAutoTokenizerReadsItOrRefused() throws {
        let fixture = try fixture()
        let pieces = try fixture.vocabulary.enumerated().map { "\(try quoted($1)):\($0)" }.joined(separator: ",")
        let contents = fixture.contents.map { $0.replacing(#""@vocabulary""#, with: "{\(pieces)}") }
        // One folder for all: files that stay as they are need not be written again.
        let folder = try TokenizerFolder()
        var written: [String: String] = [:]
        var count = 0
        for table in fixture.tables {
            for cell in try cells(table, fixture, contents) {
                try folder.replace(&written, by: cell.files)
                check(cell, in: folder, fixture.strings)
                count += 1
            }
        }
        #expect(count > 1700)
    }

    private func quoted(_ text: String) throws -> String {
        String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
    }

    // MARK: - What the table's rows say, each for itself

    private func tokens(_ text: String, settings: String?, lowercase: Bool, configuration: String? = nil) throws
        -> [String]
    {
        let folder = try TokenizerFolder()
        try folder.writeTokenizerFile { $0["normalizer"] = TokenizerFolder.normalizer(lowercase: lowercase) }
        if let settings { try folder.write("tokenizer_config.json", settings) }
        if let configuration { try folder.write("config.json", configuration) }
        return try folder.tokenizer().tokens(text)
    }

    private func refusal(_ settings: String, configuration: String? = nil) throws -> String {
        do {
            _ = try tokens("", settings: settings, lowercase: true, configuration: configuration)
            return "accepted"
        } catch let error as WordPieceError {
            return String("\(error)".split(separator: "/").last ?? "")
        }
    }

    @Test(arguments: [nil, "{}", #"{"strip_accents": null}"#, #"{"tokenizer_class": "BertTokenizerFast"}"#])
    func classDefaultGoesBeforeTokenizerFile(settings: String?) throws {
        #expect(try tokens("HELLO", settings: settings, lowercase: false) == ["[CLS]", "hello", "[SEP]"])
    }

    @Test func keyGoesBeforeTokenizerFile() throws {
        let cased = #"{"do_lower_case": false}"#
        #expect(try tokens("HELLO", settings: cased, lowercase: true) == ["[CLS]", "[UNK]", "[SEP]"])
    }

    @Test func classOfTheBasesConfigurationCountsWhereSettingsNameNone() throws {
        let alone = #"{"model_type": "bert", "tokenizer_class": "PreTrainedTokenizerFast"}"#
        let bert = #"{"tokenizer_class": "BertTokenizer"}"#
        #expect(
            try tokens("HELLO", settings: nil, lowercase: false, configuration: alone) == ["[CLS]", "[UNK]", "[SEP]"])
        #expect(
            try tokens("HELLO", settings: bert, lowercase: false, configuration: alone) == [
                "[CLS]", "hello", "[SEP]",
            ])
    }

    @Test func nullAndWrongTypesAreRefusedByName() throws {
        #expect(
            try refusal(#"{"do_lower_case": null}"#) == "tokenizer_config.json: do_lower_case: null is not supported")
        #expect(
            try refusal(#"{"tokenize_chinese_chars": null}"#)
                == "tokenizer_config.json: tokenize_chinese_chars: null is not supported")
        #expect(
            try refusal(#"{"strip_accents": "no"}"#)
                == "tokenizer_config.json: strip_accents is neither true nor false")
        #expect(try refusal(#"{"tokenizer_class": []}"#) == "tokenizer_config.json: tokenizer_class is not a string")
        #expect(
            try refusal("{}", configuration: #"{"tokenizer_class": 1}"#)
                == "config.json: tokenizer_class is not a string")
        #expect(try refusal(#"{"mask_token": {"id": 4}}"#) == "tokenizer_config.json: mask_token is not a token")
    }
}
