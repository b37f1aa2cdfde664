// SPDX-License-Identifier: Apache-2.0
// What the programs of tests read beside precompiled.h.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
