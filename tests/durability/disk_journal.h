// SPDX-License-Identifier: Apache-2.0
// DiskJournal: the calls by which this program changes the disk below one folder, in their order,
// and at every moment what a power cut could still take. For tests: disk_journal.cc takes the place
// of the C library's calls for all code of the test program, RocksDB's too.
//
// The disk that is meant keeps nothing that no fsync has asked for: the bytes of a file are on it
// after an fsync of that file, a name after an fsync of the folder that has it. So whoever gives a
// file or folder the name by which others trust it must have put it on the disk before.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace lockstep::tests {

struct DiskCall {
  enum class Kind {
    kWrite,   // bytes at the end or anywhere in a file
    kSync,    // fsync or fdatasync of a file or folder
    kName,    // a rename, a link or a new folder: `path` is a name that was not there before
    kRemove,  // unlink or rmdir
  };
  Kind kind = Kind::kWrite;
  std::string path;   // relative to the journal's folder; "." is that folder
  std::string from;   // of a rename or link: the former name
  std::string bytes;  // of a write, the first 64 KiB
};

class DiskJournal {
 public:
  // Looks at every call, before it is made, with the journal as it is then. Must not change files.
  using Look = std::function<void(const DiskCall&)>;

  // Records calls below `folder`, all threads', until it is destroyed. One at a time.
  explicit DiskJournal(const std::string& folder, Look look = {});
  ~DiskJournal();
  DiskJournal(const DiskJournal&) = delete;
  DiskJournal& operator=(const DiskJournal&) = delete;

  std::vector<DiskCall> Calls() const;
  // What a power cut could take: "the bytes of X", "the name X". From a Look, too.
  std::set<std::string> Unsynced() const;
  // The bytes of a file that an fsync has put on the disk; empty where there are none.
  std::string Synced(const std::string& path) const;
  // Every file or folder that was given a name to be trusted by while a part of it was not on the
  // disk. Names of files on their way (".tmp", ".trash", ".importing-") are not trusted,
  // nor is what a generation tells people (".status").
  std::vector<std::string> EarlyNames() const;
};

}  // namespace lockstep::tests
