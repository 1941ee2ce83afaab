// Places on the earth as Redis keeps them in sorted sets: the score is 52 bits, in turn one of the
// longitude and one of the latitude, from the highest on, so that neighbours mostly have scores
// close to each other. An area is searched by the stretches of scores that cover it.
//
// Every number is computed in the order in which Redis 7.0 does it: scores, distances and which
// places an area holds are the same to the last bit. Distances are haversine, on a ball.
// Thread rule: values. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace rha::node::structs {

constexpr double kGeoLongitudeMax = 180;
constexpr double kGeoLatitudeMax = 85.05112878;  // where the Mercator map is as high as wide

struct GeoPoint {  // in degrees
  double longitude = 0;
  double latitude = 0;

  bool OnMap() const {
    return longitude >= -kGeoLongitudeMax && longitude <= kGeoLongitudeMax &&
           latitude >= -kGeoLatitudeMax && latitude <= kGeoLatitudeMax;
  }
};

// REQUIRES of all with a point: it is on the map.
uint64_t GeoScore(GeoPoint point);
// The middle of what has that score. Any number that is one will do.
GeoPoint GeoPointOf(double score);
// The standard geohash, of 11 characters.
std::string GeoHashText(GeoPoint point);

// Scores from `low` to before `end`.
struct GeoStretch {
  double low = 0;
  double end = 0;
};

// Distances from one place to others.
class GeoOrigin {
 public:
  explicit GeoOrigin(GeoPoint point);
  const GeoPoint& point() const { return point_; }
  double MetresTo(GeoPoint other) const;

 private:
  GeoPoint point_;
  double longitude_, latitude_, latitude_cos_;  // radians
};

class GeoArea {
 public:
  // Sizes are in units of so many metres, neither negative.
  static GeoArea Circle(GeoPoint center, double radius, double unit_m);
  static GeoArea Box(GeoPoint center, double width, double height, double unit_m);

  // Metres from the centre; none: it is outside.
  std::optional<double> Distance(GeoPoint point) const;
  // Where all its places are, and others: a cell of the map and its neighbours, in Redis' order.
  struct Cover {
    std::array<GeoStretch, 9> stretches;
    size_t size = 0;
    const GeoStretch* begin() const { return stretches.data(); }
    const GeoStretch* end() const { return stretches.data() + size; }
  };
  Cover Covered() const;

 private:
  GeoArea(GeoPoint center, bool is_box) : center_(center), is_box_(is_box) {}
  void FindLimits();

  GeoOrigin center_;
  bool is_box_;
  double half_width_m_ = 0, half_height_m_ = 0;  // of a circle: the radius
  double reach_m_ = 0;                           // how far its farthest place may be
  // Whoever is farther away in degrees is outside for certain: the quick answer for most.
  double longitude_limit_ = 360, latitude_limit_ = 180;
};

}  // namespace rha::node::structs
