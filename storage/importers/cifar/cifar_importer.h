// SPDX-License-Identifier: Apache-2.0
// Importers of CIFAR-10 and CIFAR-100 in their binary version (Krizhevsky 2009,
// https://www.cs.toronto.edu/~kriz/cifar.html). A file is records without anything between: the
// label (CIFAR-100: the coarse label, then the fine one), then 32 x 32 values of red, of green and
// of blue. The images are stored as raw H W C.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/importers/importer.h"

namespace lockstep::storage {

// Which files make the dataset. Tests import smaller ones.
struct CifarFiles {
  struct Split {
    std::string name;
    std::vector<std::string> files;  // in bytewise order
    int64_t records_a_file = 0;
  };
  std::string dataset;  // for messages: "CIFAR-10"
  std::vector<Split> splits;
  std::string names;         // file of the names of `label`
  std::string coarse_names;  // of those of `coarse_label`; empty where there is no such label
};

// The files are found by their names, at any depth of a folder or an archive. All are held in
// memory (184 MB).
Result<std::unique_ptr<Importer>> OpenCifar(const ImportSource& source, const CifarFiles& files);

CifarFiles Cifar10Files();
CifarFiles Cifar100Files();

ImporterKind Cifar10Kind();
ImporterKind Cifar100Kind();

}  // namespace lockstep::storage
