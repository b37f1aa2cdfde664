// SPDX-License-Identifier: Apache-2.0
// FindClassFolders: what the names of folders say about images: which split and which class each
// belongs to. A pure function of the listing; no file is read.
//
//   SPLIT/CLASS/image.jpg    every top folder is a split, and holds class folders
//   CLASS/image.jpg          every top folder is a class; there is one split, `train`, and `val`
//                            where a share is asked for
//
// Folders that hold all the images are passed through first: mydata/train/cat/1.jpg is as
// train/cat/1.jpg. Images that lie deeper than the class folder belong to the class, as
// torchvision's ImageFolder has it. Which of both it is:
//
//   no top folder holds images directly       they are splits; with a warning, and at most 32,
//                                             where not all have names of splits
//   every top folder holds images directly    they are classes; unless all have names of splits
//                                             (train, val, test, ...), or there is one that
//                                             holds folders too: refused
//   some do                                   they are splits where all have names of splits: the
//                                             images directly in them are rejected; else refused
//
// Images are files that end in .jpg, .jpeg or .png, in capital letters or small ones. Other kinds
// of images (.bmp, .webp, ...) are rejected; all other files are left out, and counted by kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/source/source_files.h"

namespace lockstep::storage {

struct ClassFoldersOptions {
  // The share of every class that becomes the split `val`, from 0 to below 1, where the source has
  // no splits. Of the images of a class, in order of their paths, image i (from 0) goes to `val` if
  // floor((i + 1) * share) > floor(i * share): with 0.2 every fifth. So it is the same for ever,
  // and images added to one class change nothing in another.
  double validation_share = 0;
};

struct ClassFolders {
  struct Sample {
    size_t file = 0;    // index into the listing
    int32_t label = 0;  // index into classes
  };
  struct Split {
    std::string name;
    std::vector<Sample> samples;  // in the order of the listing; not empty
  };
  std::vector<std::string> classes;    // of all splits, in bytewise order
  std::vector<Split> splits;           // in bytewise order of their names
  std::vector<std::string> warnings;   // sentences for a person
  std::vector<RejectedFile> rejected;  // images that are not taken
};

// `files` is in bytewise order of the paths, as SourceFiles has it. Fails with not-found where no
// image lies in a folder, with invalid-argument where the folders are neither of both or a share is
// asked for that cannot be given. The messages name examples.
Result<ClassFolders> FindClassFolders(const std::vector<SourceFile>& files,
                                      const ClassFoldersOptions& options);

}  // namespace lockstep::storage
