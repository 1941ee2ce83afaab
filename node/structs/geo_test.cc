#include "node/structs/geo.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/base/prng.h"

namespace rha::node::structs {
namespace {

constexpr GeoPoint kPalermo{13.361389, 38.115556}, kCatania{15.087269, 37.502669};

double Between(Prng& random, double low, double high) {
  return low + (high - low) * static_cast<double>(random.Next() >> 11) * 0x1p-53;
}

GeoPoint Anywhere(Prng& random) {
  return {Between(random, -kGeoLongitudeMax, kGeoLongitudeMax),
          Between(random, -kGeoLatitudeMax, kGeoLatitudeMax)};
}

// From a metre to beyond the other side of the earth.
double AnyReach(Prng& random) { return std::pow(10, Between(random, 0, 7.5)); }

TEST(Geo, ScoresDistancesAndTextsAreThoseOfRedis) {
  EXPECT_EQ(GeoScore(kPalermo), 3479099956230698u);
  EXPECT_EQ(GeoScore(kCatania), 3479447370796909u);
  const GeoPoint palermo = GeoPointOf(3479099956230698), catania = GeoPointOf(3479447370796909);
  EXPECT_EQ(palermo.longitude, 13.36138933897018433);
  EXPECT_EQ(palermo.latitude, 38.11555639549629859);
  EXPECT_NEAR(GeoOrigin(palermo).MetresTo(catania), 166274.1516, 0.00005);
  EXPECT_EQ(GeoHashText(palermo), "sqc8b49rny0");
  EXPECT_EQ(GeoHashText(catania), "sqdtr74hyu0");
}

TEST(Geo, EdgesOfTheMap) {
  EXPECT_EQ(GeoScore({-180, -85.05112878}), 0u);
  EXPECT_EQ(GeoScore({180, 85.05112878}), uint64_t{3} << 52) << "one beyond the last, as in Redis";
  EXPECT_TRUE((GeoPoint{180, -85.05112878}.OnMap()));
  EXPECT_FALSE((GeoPoint{180.1, 0}.OnMap()));
  EXPECT_FALSE((GeoPoint{0, 85.06}.OnMap()));
  EXPECT_FALSE((GeoPoint{std::nan(""), 0}.OnMap()));
}

TEST(Geo, AnyScoreIsAPlaceOnTheMap) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double score : {0.0, -1.0, 0.5, 0x1p52, 0x1p63, -0x1p63, 0x1p64, -0x1p64, 1e300,
                             -1e300, kInfinity, -kInfinity}) {
    EXPECT_TRUE(GeoPointOf(score).OnMap()) << score;
  }
}

// What the quick answer and the long one say is the same.
TEST(Geo, ACircleHoldsWhoeverIsNear) {
  Prng random(1);
  int inside = 0;
  for (int i = 0; i < 300'000; ++i) {
    const GeoPoint center = Anywhere(random);
    const double radius = AnyReach(random);
    GeoPoint point = Anywhere(random);
    if (i % 2 == 0) {  // close to its edge
      point.longitude = center.longitude + radius / 50'000 * Between(random, -1, 1);
      point.latitude = center.latitude + radius / 111'000 * Between(random, -1, 1);
    }
    if (!point.OnMap()) continue;
    const double metres = GeoOrigin(center).MetresTo(point);
    const auto distance = GeoArea::Circle(center, radius, 1).Distance(point);
    ASSERT_EQ(distance.has_value(), metres <= radius)
        << center.longitude << ',' << center.latitude << ' ' << radius << ' ' << point.longitude
        << ',' << point.latitude;
    if (distance) {
      ASSERT_EQ(*distance, metres);
      ++inside;
    }
  }
  EXPECT_GT(inside, 10'000);
}

TEST(Geo, ABoxIsMeasuredAlongTheParallelOfThePlace) {
  const GeoArea box = GeoArea::Box({0, 60}, 100, 10, 1000);
  EXPECT_TRUE(box.Distance({0.89, 60}));  // a degree is half as long there: 55.6 km
  EXPECT_FALSE(box.Distance({0.91, 60}));
  EXPECT_TRUE(box.Distance({0, 60.044}));
  EXPECT_FALSE(box.Distance({0, 60.046}));
}

TEST(Geo, StretchesOfScoresCoverAnArea) {
  Prng random(2);
  for (int i = 0; i < 30'000; ++i) {
    const GeoPoint center{Between(random, -150, 150), Between(random, -60, 60)};
    const double reach = std::pow(10, Between(random, 0, 5.7));
    const GeoArea area =
        i % 2 == 0 ? GeoArea::Circle(center, reach, 1) : GeoArea::Box(center, reach, reach / 2, 1);
    const GeoPoint near{center.longitude + reach / 50'000 * Between(random, -1, 1),
                        center.latitude + reach / 111'000 * Between(random, -1, 1)};
    const auto score = static_cast<double>(GeoScore(near));
    if (!area.Distance(GeoPointOf(score))) continue;
    const GeoArea::Cover cover = area.Covered();
    const auto holds = [score](const GeoStretch& s) { return score >= s.low && score < s.end; };
    ASSERT_EQ(std::count_if(cover.begin(), cover.end(), holds), 1) << i;
  }
}

// No number of this kind comes from a client unharmed; still nothing must go wrong.
TEST(Geo, AreasWithoutEndHaveACover) {
  for (const double reach : {0.0, 1e-300, 1e300, std::numeric_limits<double>::infinity()}) {
    for (const GeoPoint center : {GeoPoint{}, GeoPoint{180, 85.05112878}, GeoPoint{-180, -85}}) {
      const GeoArea circle = GeoArea::Circle(center, reach, 1000);
      EXPECT_GE(circle.Covered().size, 1u);
      EXPECT_GE(GeoArea::Box(center, reach, reach, 1000).Covered().size, 1u);
      EXPECT_EQ(circle.Distance({center.longitude / 2, 0}).has_value(),
                reach > 1 || center.latitude == 0);
    }
  }
}

}  // namespace
}  // namespace rha::node::structs
