// SPDX-License-Identifier: Apache-2.0
// What importers of photographs share: opening the files of a source, and values of JPEG and PNG
// files.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/importers/importer.h"
#include "storage/source/source_files.h"

namespace lockstep::storage {

// What options say that several importers have.
inline constexpr char kClassesDoc[] =
    "file on this machine that names one class a line, the first for value 0";
inline constexpr char kValShareDoc[] =
    "share that becomes the split `val` where the source has no splits; of each class, where every "
    "image has one";

// The files of the source's folder or archive; its progress is told on.
Result<std::unique_ptr<SourceFiles>> OpenFiles(const ImportSource& source);

// The bytes of a JPEG or PNG file as the value of an image or a mask. The import finds out which of
// both it is, and whether it is either.
FieldValue PhotoValue(std::string file_bytes);

// ".jpg" of "a/b.JPG": the extension in small letters, empty where there is none.
std::string ExtensionOf(std::string_view path);
// "a/b" of "a/b.jpg".
std::string_view WithoutExtension(std::string_view path);
// Whether the name ends in .jpg, .jpeg or .png.
bool HasPhotoName(std::string_view path);

// Whether image i (from 0) of those that are shared out goes to `val`: of a share of 0.2 every
// fifth, the same for ever (storage/source/class_folders.h has the same rule).
bool GoesToVal(int64_t i, double share);

// "12 files are left out: they are neither images nor annotations; the first is 'a.txt'"; for a
// warning. Empty where there are none.
std::string OtherFilesText(const std::vector<std::string>& paths);

// Whether a folder holds folders and no idx files, or the path names an archive; reads no contents.
bool LooksLikeClassFolders(const std::string& path);

}  // namespace lockstep::storage
