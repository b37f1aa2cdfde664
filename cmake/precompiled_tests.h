// SPDX-License-Identifier: Apache-2.0
// precompiled.h for the programs of tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cmake/precompiled.h"
