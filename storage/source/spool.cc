// SPDX-License-Identifier: Apache-2.0
#include "storage/source/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/format.h"

namespace lockstep::storage {

Result<OpenFile> MakeSpool(const std::string& path) {
  if (path.empty()) return InvalidArgument("a path for the spool is needed, and none is given");
  const std::string name = "the spool " + Quoted(path);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus("cannot make " + name, errno);
  OpenFile spool(fd, path, 0);
  if (::unlink(path.c_str()) != 0) return ErrnoStatus("cannot unlink " + name, errno);
  return spool;
}

}  // namespace lockstep::storage
