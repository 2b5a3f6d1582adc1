import Glibc

/// A file mapped into memory, read-only, for the time of reading it.
///
/// A file that shrinks while it is mapped would end the process on access, so nothing keeps a map: weights are copied out.
struct MappedFile: ~Copyable {
    let bytes: UnsafeRawBufferPointer

    init(path: String) throws(SafetensorsError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file(reason: MappedFile.reason(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .file(reason: MappedFile.reason(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .file(reason: "not a file") }
        guard status.st_size > 0 else { throw .truncated }
        let size = Int(status.st_size)
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
            throw .file(reason: MappedFile.reason(errno))
        }
        madvise(address, size, MADV_SEQUENTIAL)
        bytes = UnsafeRawBufferPointer(start: address, count: size)
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
