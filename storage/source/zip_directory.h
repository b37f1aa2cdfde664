// SPDX-License-Identifier: Apache-2.0
// The zip format (PKWARE's APPNOTE.TXT 6.3), as far as a source needs it: the directory at the end
// of an archive, and the file that one of its entries stands for. Files that are stored or deflated
// are read, with the 64-bit extensions; other kinds of compression, encryption and archives in
// several parts are refused with the reason.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "storage/source/archive_listing.h"
#include "storage/source/byte_input.h"

namespace lockstep::storage {

// The bytes of an archive at any place. Read fills `size` bytes or fails.
struct ZipBytes {
  std::string name;  // for messages
  int64_t size = 0;
  std::function<Status(int64_t offset, char* out, size_t size)> read;
};

// Told between entries; where it fails, the listing ends with that.
using ZipAdvance = std::function<Status(int64_t files)>;

// Lists the directory. The `offset` of a file is that of its entry in the directory. Fails with
// data-loss where the directory is damaged or missing, as in an archive that is cut short.
Status ListZip(const ZipBytes& zip, const ZipAdvance& advance, ArchiveListing* listing);

// The contents of the file whose directory entry is at `offset`, as ListZip gave it, with their
// check sum looked at: data-loss where anything does not fit. The message does not name the file.
Result<std::string> ReadZipFile(const ZipBytes& zip, int64_t offset);

// The same piece by piece; the check sum is looked at behind the last piece. `zip` outlives it.
Result<std::unique_ptr<ByteInput>> StreamZipFile(const ZipBytes& zip, int64_t offset);

}  // namespace lockstep::storage
