import BERT
import Foundation
import Glibc

/// A file whose content is replaced as a whole: whatever happens, the old content or the new stands there.
///
/// The new content is written beside under a name that stays the same, so that a killed writer leaves at most one such file behind.
struct ReplacedFile {
    let path: String
    private var new: String { path + ".new" }

    /// Writes beside, to the disk, then renames.
    func replace(_ bytes: Data) throws(CheckpointError) {
        do throws(DurableFile.Failure) {
            try DurableFile.write(bytes, to: new)
        } catch {
            unlink(new)
            throw .unwritable(file: path, reason: error.reason)
        }
        guard rename(new, path) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(new)
            throw .unwritable(file: path, reason: reason)
        }
    }

    /// Removes the file and what a killed writer left beside it.
    func remove() {
        unlink(path)
        unlink(new)
    }
}
