import Foundation
import Testing

@testable import Lab

@Suite struct PackageCatalogueTests {
    private static let dump = """
        Package: chess
        Description: game of chess
         A long description that is not the summary.
        Tag: game::board, role::program,
         use::gameplaying
        Section: games

        Package: libchess-dev
        Section: libdevel
        Tag: role::devel-lib
        Description: board positions (development files)

        Package: chess-copy
        Description: game of chess
        Section: games

        Package: both
        Description: two roles at once
        Tag: role::program, role::documentation
        Section: games

        Package: nothing-said
        Section: games

        Package: rare
        Description: alone in its section
        Section: zope
        """

    @Test func stanzasBecomePackages() throws {
        let catalogue = PackageCatalogue(
            dump: Data(Self.dump.utf8), sections: ["games", "libdevel"], roles: ["program", "development"])
        let chess = try #require(catalogue.packages.first { $0.name == "chess" })
        #expect(
            chess == CataloguePackage(name: "chess", description: "game of chess", section: "games", role: "program"))
        #expect(catalogue.packages.first { $0.name == "libchess-dev" }?.role == "development")
    }

    @Test func eachDescriptionStandsOnceAndNeedsAText() {
        let names = Set(
            PackageCatalogue(
                dump: Data(Self.dump.utf8), sections: ["games", "libdevel"], roles: ["program", "development"]
            ).packages.map(
                \.name))
        #expect(names == ["chess", "libchess-dev", "both"])
    }

    @Test func twoRolesAreNoAnswer() {
        let catalogue = PackageCatalogue(
            dump: Data(Self.dump.utf8), sections: ["games", "libdevel"], roles: ["program", "development"])
        #expect(catalogue.packages.first { $0.name == "both" }.map { $0.role == nil } == true)
    }

    @Test func noDescriptionIsInTwoSets() {
        let stanzas = (0..<600).map { number in
            "Package: p\(number)\nDescription: text \(number)\nSection: s\(number % 3)\nTag: role::\(number % 2 == 0 ? "program" : "plugin")\n"
        }
        let texts = DemoTexts(
            PackageCatalogue(
                dump: Data(stanzas.joined(separator: "\n").utf8), sections: ["s0", "s1", "s2"],
                roles: ["program", "plugin"]),
            labels: ["section": ["s0", "s1", "s2"], "role": ["program", "plugin"]], firstRows: 50, heldOutRows: 60,
            annotatedRows: 70)
        let sets =
            [texts.heldOut, texts.first, texts.annotations].map { Set($0.values.joined().map(\.text)) } + [
                Set(texts.stream.map(\.description))
            ]
        #expect(texts.heldOut["section"]?.count == 60)
        #expect(texts.first["role"]?.count == 50)
        #expect(texts.annotations["role"]?.count == 70)
        for (index, set) in sets.enumerated() {
            for other in sets[(index + 1)...] { #expect(set.isDisjoint(with: other)) }
        }
    }
}

@Suite struct MetricsPageTests {
    @Test func samplesAreSummedOverTheirLabels() {
        let page = MetricsPage(
            text: """
                # HELP lorikeet_labels_total Labels.
                # TYPE lorikeet_labels_total counter
                lorikeet_labels_total{pipeline="packages",task="section"} 12
                lorikeet_labels_total{pipeline="packages",task="role"} 11
                lorikeet_up 1
                """)
        #expect(page.sum("lorikeet_labels_total") == 23)
        #expect(page.sum("lorikeet_labels_total", ["task": "role"]) == 11)
        #expect(page.sum("lorikeet_up") == 1)
        #expect(page.sum("lorikeet_missing") == 0)
    }

    @Test func nobodyAnswersOnAClosedPort() {
        #expect(LoopbackHTTP.get("/metrics", at: "127.0.0.1:1") == nil)
        #expect(LoopbackHTTP.get("/metrics", at: "nowhere") == nil)
    }
}
