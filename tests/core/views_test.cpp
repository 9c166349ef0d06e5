// Ops that only change how memory is read launch nothing and allocate nothing; those that must copy, copy once.
#include "testing.h"

namespace ferrule::testing {
namespace {

// The bytes that evaluating y adds to the memory in use.
size_t bytes_for(const array& y) {
  size_t before = get_active_memory();
  array kept = y;
  kept.eval();
  size_t after = get_active_memory();
  return after > before ? after - before : 0;
}

array matrix() {
  array a = reshape(arange(4096.0), {64, 64}) + 1;
  a.eval();
  return a;
}

TEST(View, AllocatesNothing) {
  array a = matrix();
  EXPECT_EQ(bytes_for(transpose(a)), 0u);
  EXPECT_EQ(bytes_for(reshape(a, {8, 8, 64})), 0u);
  EXPECT_EQ(bytes_for(flatten(a)), 0u);
  EXPECT_EQ(bytes_for(squeeze(expand_dims(a, {0, 2}))), 0u);
  EXPECT_EQ(bytes_for(broadcast_to(a, {100, 64, 64})), 0u);
  EXPECT_EQ(bytes_for(slice(a, {63, 0}, {-65, 64}, {-2, 3})), 0u);
  EXPECT_EQ(bytes_for(flip(a)), 0u);
  EXPECT_EQ(bytes_for(split(a, 4, 1)[2]), 0u);
  EXPECT_EQ(bytes_for(diagonal(a, 3)), 0u);
  EXPECT_EQ(bytes_for(as_strided(a, {100, 4}, {1, 64}, 0)), 0u);
  EXPECT_EQ(bytes_for(view(a, int32)), 0u);
  EXPECT_EQ(bytes_for(stop_gradient(a)), 0u);
  EXPECT_EQ(bytes_for(contiguous(a)), 0u);
  EXPECT_EQ(bytes_for(swapaxes(unflatten(transpose(a), 1, {8, 8}), 0, 1)), 0u);
}

TEST(View, IsCopiedWhereTheStridesDoNotPermitIt) {
  array a = matrix();
  array flat = flatten(transpose(a));
  EXPECT_GE(bytes_for(flat), a.nbytes());
  expect_values(slice(flat, Shape{0}, Shape{3}), {1, 65, 129});
  EXPECT_GE(bytes_for(contiguous(flip(a))), a.nbytes());
}

TEST(View, OfAViewReadsTheRightElements) {
  array t = reshape(arange(24), {2, 3, 4});
  array v = slice(transpose(t, {2, 0, 1}), {3, 0, 1}, {-5, 2, 3}, {-2, 1, 1});  // [2, 2, 2]
  expect_values(v, {7, 11, 19, 23, 5, 9, 17, 21});
  expect_values(diagonal(v, 0, 0, 2), {7, 9, 19, 21});
  expect_values(reshape(broadcast_to(expand_dims(v, 0), {2, 2, 2, 2}), {16}),
                {7, 11, 19, 23, 5, 9, 17, 21, 7, 11, 19, 23, 5, 9, 17, 21});
  expect_values(sum(v, {0, 2}), {32, 80});
}

TEST(View, OfAScalarIsAnyShape) {
  expect_values(broadcast_to(array(3), {2, 2}) + reshape(array(1), {1, 1}), {4, 4, 4, 4});
  expect_values(sum(broadcast_to(array(2.f), {3, 5})), {30});
  expect_values(transpose(broadcast_to(array({1, 2}), {2, 2})), {1, 1, 2, 2});
  expect_values(view(array(1.f), int32), {1065353216});
}

TEST(SliceUpdate, LeavesTheSourceAsItWas) {
  array a = arange(5);
  array b = slice_update(a, array({9, 8}), Shape{1}, Shape{3});
  expect_values(b, {0, 9, 8, 3, 4});
  expect_values(a, {0, 1, 2, 3, 4});
  array chained = slice_update(slice_update(arange(4), array({7}), Shape{0}, Shape{1}), array({6}), Shape{3}, Shape{4});
  expect_values(chained, {7, 1, 2, 6});
}

TEST(Operators, InPlaceFormsMakeNewNodes) {
  array a = array({1, 2}), kept = a;
  a += 1;
  a *= a;
  a -= array({1, 1});
  expect_values(a, {3, 8});
  expect_values(kept, {1, 2});
  a = array({6.f, 8.f});
  a /= 2;
  a %= 3;
  expect_values(a, {0, 1});
  expect_values(-a + +a, {0, 0});
}

TEST(Operators, ScalarsRoundOnceToTheOtherOperandsDtype) {
  array x = array({1.0}, float64) * 0.1;
  EXPECT_EQ(x.item<double>(), 0.1);
  EXPECT_EQ(dtype_name((array({1.f}, float16) * 2).dtype()), "float16");
  EXPECT_EQ(dtype_name((array({1.f}, float16) * 2.0).dtype()), "float32");
  EXPECT_EQ(dtype_name((array({1}, uint8) + 1).dtype()), "int32");
  EXPECT_EQ(dtype_name((array({1}, int64) + 1).dtype()), "int64");
}

}  // namespace
}  // namespace ferrule::testing
