// SPDX-License-Identifier: Apache-2.0
#include "worker/report/run_tables.h"

#include <gtest/gtest.h>

namespace lockstep::worker {
namespace {

RunTables SomeTables() {
  RunTables tables;
  tables.digests += "1,a,b,0,c\n2,a,b,0,d\n";
  tables.results += "0,1,x,y,z,lr,100,7\n1,2,x,y,z,lr,90,14\n";
  return tables;
}

TEST(RunTables, AStateCountsRowsAndLeavesClocksOut) {
  const auto states = StatesOf(SomeTables());
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[0].name, "digests.csv");
  EXPECT_EQ(states[0].rows, 2);
  EXPECT_EQ(states[1].name, "results.csv");
  EXPECT_EQ(states[1].rows, 2);
  RunTables slower = SomeTables();
  slower.results = std::string(kResultsHeader) + "\n0,1,x,y,z,lr,3,70\n1,2,x,y,z,lr,4,140\n";
  EXPECT_EQ(StatesOf(slower), states);
  RunTables other = SomeTables();
  other.results.replace(other.results.find("lr,90"), 2, "l2");
  EXPECT_FALSE(StatesOf(other) == states);
  EXPECT_EQ(StateOfTable("digests.csv", "").rows, 0);
}

TEST(RunTables, ADifferenceNamesTheFirstRowThatIsNotAsWritten) {
  const RunTables tables = SomeTables();
  EXPECT_EQ(DifferenceFrom("digests.csv", tables.digests, tables.digests + "3,more\n"), "");
  EXPECT_EQ(DifferenceFrom("digests.csv", tables.digests, ""), "the header is missing");
  EXPECT_EQ(DifferenceFrom("digests.csv", tables.digests, FirstRows(tables.digests, 1)),
            "row 2 is missing");
  std::string torn = tables.digests;
  torn.pop_back();
  EXPECT_EQ(DifferenceFrom("digests.csv", tables.digests, torn),
            "row 2 is not the one that was written");
  std::string changed = tables.results;
  changed.replace(changed.find("100"), 3, "999");
  EXPECT_EQ(DifferenceFrom("results.csv", tables.results, changed), "") << "a clock's column";
  changed.replace(changed.find("0,1,x"), 1, "5");
  EXPECT_EQ(DifferenceFrom("results.csv", tables.results, changed),
            "row 1 is not the one that was written");
}

}  // namespace
}  // namespace lockstep::worker
