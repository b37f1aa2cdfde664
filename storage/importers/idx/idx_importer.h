// SPDX-License-Identifier: Apache-2.0
// Importers of the MNIST family: a directory with SPLIT-images-idx3-ubyte and
// SPLIT-labels-idx1-ubyte, plain or with .gz. The split t10k becomes `test`. Sample i of a split
// has the source path SPLIT/0000000i.
#pragma once

#include "storage/importers/importer.h"

namespace lockstep::storage {

// Reads any such directory; the classes are the numbers 0 .. largest label.
ImporterKind IdxKind();
// Reads the four files of Fashion-MNIST (Xiao, Rasul, Vollgraf 2017), with its class names.
ImporterKind FashionMnistKind();

}  // namespace lockstep::storage
