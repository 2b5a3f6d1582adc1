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

    @Test func aStanzaBecomesAPackage() throws {
        let catalogue = PackageCatalogue(
            dump: Array(Self.dump.utf8), sections: ["games", "libdevel"], roles: ["program", "development"])
        let chess = try #require(catalogue.packages.first { $0.name == "chess" })
        #expect(
            chess == CataloguePackage(name: "chess", description: "game of chess", section: "games", role: "program"))
        #expect(catalogue.packages.first { $0.name == "libchess-dev" }?.role == "development")
    }

    @Test func packagesNeedADescriptionThatNoOtherHas() {
        let names = Set(
            PackageCatalogue(
                dump: Array(Self.dump.utf8), sections: ["games", "libdevel"], roles: ["program", "development"]
            ).packages.map(
                \.name))
        #expect(names == ["chess", "libchess-dev", "both"])
    }

    @Test func aPackageWithTwoRolesHasNoRole() {
        let catalogue = PackageCatalogue(
            dump: Array(Self.dump.utf8), sections: ["games", "libdevel"], roles: ["program", "development"])
        #expect(catalogue.packages.first { $0.name == "both" }.map { $0.role == nil } == true)
    }

    @Test func theSetsOfDescriptionsAreDisjoint() {
        let stanzas = (0..<600).map { number in
            """
            Package: p\(number)
            Description: text \(number)
            Section: s\(number % 3)
            Tag: role::\(number % 2 == 0 ? "program" : "plugin")

            """
        }
        let texts = DemoTexts(
            PackageCatalogue(
                dump: Array(stanzas.joined(separator: "\n").utf8), sections: ["s0", "s1", "s2"],
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
