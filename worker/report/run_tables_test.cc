// SPDX-License-Identifier: Apache-2.0
#include "worker/report/run_tables.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lockstep::worker {
namespace {

const std::vector<Metric> kMetrics = {{.name = "hits", .unit = ""}};

RunTables SomeTables() {
  RunTables tables = RunTables::WithoutRows(kMetrics);
  tables.digests += "1,a,b,0,c\n2,a,b,0,d\n";
  tables.results += "0,1,x,y,z,lr,100,7\n1,2,x,y,z,lr,90,14\n";
  return tables;
}

TEST(RunTables, ResultsHaveAColumnForEachMetric) {
  EXPECT_EQ(ResultsHeader({}), "epoch,step,train_loss,val_loss,lr,images_per_second,seconds");
  const std::string header = ResultsHeader({{.name = "b", .unit = ""}, {.name = "a", .unit = ""}});
  EXPECT_EQ(header, "epoch,step,train_loss,val_loss,b,a,lr,images_per_second,seconds");
  EXPECT_EQ(MetricColumns(header + "\n0,1,1,1,1,1,1,1,1\n"), (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(MetricColumns(ResultsHeader({}) + "\n"), std::vector<std::string>());
  EXPECT_EQ(MetricColumns("torn,hea"), std::vector<std::string>());
  EXPECT_EQ(ColumnOf("a"), "a");
  EXPECT_EQ(ColumnOf("loss"), "val_loss");
}

TEST(RunTables, ANumberIsReadBackAsItIsWritten) {
  for (double value : {0.1, 1.0 / 3.0, 8765.0 / 10000.0, 1e-300, 123456789.123}) {
    EXPECT_EQ(TableNumber(AsWritten(value)), TableNumber(value));
    EXPECT_NEAR(AsWritten(value), value, 1e-8 * value);
  }
  EXPECT_EQ(AsWritten(0.123456789123), 0.123456789);
  EXPECT_EQ(TableNumber(-NAN), "nan");
  EXPECT_TRUE(std::isnan(AsWritten(NAN)));
}

TEST(RunTables, AStateCountsRowsAndLeavesClocksOut) {
  const auto states = StatesOf(SomeTables());
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[0].name, "digests.csv");
  EXPECT_EQ(states[0].rows, 2);
  EXPECT_EQ(states[1].name, "results.csv");
  EXPECT_EQ(states[1].rows, 2);
  RunTables slower = SomeTables();
  slower.results = ResultsHeader(kMetrics) + "\n0,1,x,y,z,lr,3,70\n1,2,x,y,z,lr,4,140\n";
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
