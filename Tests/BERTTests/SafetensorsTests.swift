import Files
import Foundation
import TestSupport
import Testing

@testable import BERT

/// Files in the safetensors format: what is right is read exactly, what is wrong is an error, never a crash.
struct SafetensorsTests {
    private func file(_ header: String, data: [UInt8] = []) -> [UInt8] {
        var bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
        bytes += Array(header.utf8)
        return bytes + data
    }

    /// A tensor's numbers, from memory; a file has to give the same, or the same error.
    private func floats(_ bytes: [UInt8], _ name: String = "t") throws -> [Float] {
        let fromMemory = Result { try bytes.withUnsafeBytes { try SafetensorsReader($0).floats(name) } }
        let folder = try TemporaryFolder()
        try Data(bytes).write(to: URL(fileURLWithPath: folder.path + "/file"))
        let fromFile = Result { try SafetensorsReader(try OpenFile(path: folder.path + "/file")).floats(name) }
        switch (fromMemory, fromFile) {
        case (.success(let one), .success(let other)): #expect(one == other)
        case (.failure(let one), .failure(let other)):
            #expect(one as? SafetensorsError == other as? SafetensorsError, "\(one), \(other)")
        default: Issue.record("\(fromMemory) from memory, \(fromFile) from the file")
        }
        return try fromMemory.get()
    }

    private func error(_ bytes: [UInt8]) -> SafetensorsError? {
        do {
            _ = try floats(bytes)
            return nil
        } catch {
            return error as? SafetensorsError
        }
    }

    @Test func writtenTensorsAreReadAgain() throws {
        let tensors = [
            NamedTensor(name: "b", shape: [2, 2], values: [1, -2, 3.5, 0]),
            NamedTensor(name: "a\"\\\u{1}", shape: [3], values: [0x1p-140, -0.0, 7]),
            NamedTensor(name: "none", shape: [0, 4], values: []), NamedTensor(name: "one", shape: [], values: [9]),
        ]
        let bytes = SafetensorsWriter.bytes(tensors)
        for tensor in tensors {
            #expect(try floats(bytes, tensor.name) == tensor.values)
            let shape = try bytes.withUnsafeBytes { try SafetensorsReader($0).entry(tensor.name).shape }
            #expect(shape == tensor.shape)
        }
        #expect(SafetensorsWriter.bytes(tensors.reversed()) == bytes)
    }

    @Test func halfPrecisionIsWidenedExactly() throws {
        let header = #"{"t":{"dtype":"F16","shape":[6],"data_offsets":[0,12]}}"#
        let halves: [UInt16] = [0x3C00, 0xC000, 0x0001, 0x83FF, 0x7BFF, 0x8000]
        let bytes = file(header, data: halves.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
        #expect(try floats(bytes) == [1, -2, 0x1p-24, -1023 * 0x1p-24, 65504, 0])
        let brain = file(
            #"{"t":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}}"#, data: [0x80, 0x3F, 0x49, 0xC0, 0x01, 0x00])
        #expect(try floats(brain) == [1, -3.140625, Float(bitPattern: 0x10000)])
    }

    /// Some rows of a table, in each type, across the chunks in which they are read.
    @Test func aRangeOfElementsIsRead() throws {
        let count = 9_000
        for (type, size) in [("F32", 4), ("F16", 2), ("BF16", 2)] {
            let header = #"{"t":{"dtype":"\#(type)","shape":[\#(count)],"data_offsets":[0,\#(count * size)]}}"#
            let data = (0..<count).flatMap { index -> [UInt8] in
                let (low, high) = (UInt8(index % 251), UInt8(0x30 + index % 8))
                return size == 2 ? [low, high] : [0, 1, low, high]
            }
            let bytes = file(header, data: data)
            let all = try floats(bytes)
            for range in [0..<count, 5..<5, 0..<1, 4_090..<4_100, 100..<8_999] {
                var some = [Float](repeating: 0, count: range.count + 1)
                try bytes.withUnsafeBytes { bytes in
                    let reader = try SafetensorsReader(bytes)
                    try some.withUnsafeMutableBufferPointer { buffer in
                        try reader.copy("t", elements: range, to: try #require(buffer.baseAddress))
                    }
                }
                #expect(some.dropLast().elementsEqual(all[range]) && some.last == 0, "\(type), \(range)")
            }
        }
    }

    @Test func everyHalfIsWhatItsBitsSay() {
        for bits in UInt16(0)..<0x7C00 {
            let exponent = Int(bits >> 10)
            let fraction = Double(bits & 0x3FF) / 1024
            var expected = exponent == 0 ? fraction * 0x1p-14 : 1 + fraction
            for _ in 0..<max(0, exponent - 15) { expected *= 2 }
            for _ in 0..<max(0, exponent == 0 ? 0 : 15 - exponent) { expected /= 2 }
            if Double(SafetensorsReader.float(fromHalf: bits)) != expected { Issue.record("half \(bits)") }
        }
        #expect(SafetensorsReader.float(fromHalf: 0x7C00) == .infinity)
        #expect(SafetensorsReader.float(fromHalf: 0xFE00).isNaN)
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity], [0, 7, 8, 16])
    func notFiniteNumbersAreRefusedWithTheTensorsName(value: Float, place: Int) {
        var values = [Float](repeating: 1, count: 17)
        values[place] = value
        #expect(
            error(SafetensorsWriter.bytes([NamedTensor(name: "t", shape: [17], values: values)]))
                == .notFinite(tensor: "t"))
    }

    @Test(arguments: [0, 4_095, 4_096, 8_191, 8_192, 9_000])
    func notFiniteNumbersOfLargeTensorsAreRefusedToo(place: Int) throws {
        var values = (0..<9_001).map(Float.init)
        #expect(try floats(SafetensorsWriter.bytes([NamedTensor(name: "t", shape: [9_001], values: values)])) == values)
        values[place] = .infinity
        #expect(
            error(SafetensorsWriter.bytes([NamedTensor(name: "t", shape: [9_001], values: values)]))
                == .notFinite(tensor: "t"))
    }

    @Test func hostileHeadersAreErrors() {
        let data = [UInt8](repeating: 0, count: 16)
        func refused(_ header: String) -> Bool { error(file(header, data: data)) != nil }
        #expect(error([1, 2, 3]) == .truncated)
        #expect(error([255, 255, 255, 255, 255, 255, 255, 255]) == .headerTooLarge(bytes: .max))
        #expect(error([0, 0, 0, 0x40, 0, 0, 0, 0, 0x7B]) == .headerTooLarge(bytes: 0x4000_0000))
        #expect(error([50, 0, 0, 0, 0, 0, 0, 0, 0x7B]) == .truncated)
        for header in [
            "", "[]", "{", "null", #"{"t":1}"#, #"{"t":{"dtype":"F32","shape":[1]}}"#,
            #"{"t":{"dtype":"F32","shape":[4],"data_offsets":[0]}}"#,
            #"{"t":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}"#,
            #"{"t":{"dtype":"F32","shape":[4],"data_offsets":[-4,12]}}"#,
            #"{"t":{"dtype":"F32","shape":[4],"data_offsets":[4,20]}}"#,
            #"{"t":{"dtype":"F32","shape":[3],"data_offsets":[0,16]}}"#,
            #"{"t":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}"#,
            #"{"t":{"dtype":"F32","shape":[4.5],"data_offsets":[0,16]}}"#,
            #"{"t":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,16]}}"#,
            #"{"t":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#,
            #"{"t":{"dtype":"F32","shape":[4],"data_offsets":[0,99999999999999999999999]}}"#,
            #"{"t":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}}"#,
            #"{"t":{"dtype":4,"shape":[2],"data_offsets":[0,16]}}"#,
            #"{"t":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"#
                + #""u":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#,
            String(repeating: #"{"t":"#, count: 5_000),
            #"{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
            #"{"t":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#,
            #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
                + #""u":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#,
            #"{"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"#
                + #""t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
            #"{"t":{"dtype":"F32","shape":[4],"shape":[4],"data_offsets":[0,16]}}"#,
            #"{"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"more":1}}"#,
            #"{"t":{"dtype":"F32","shape":[4],"data_offsets":[0,8,16]}}"#,
            #"{"t":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,4],"data_offsets":[0,16]}}"#,
            #"{"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}x"#,
            #"{"__metadata__":{"a":1},"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
            #"{"__metadata__":{},"__metadata__":{},"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
        ] {
            #expect(refused(header), "\(header.prefix(80))")
        }
        #expect(
            error(file(#"{"u":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, data: data))
                == .missing(tensor: "t"))
    }
}
