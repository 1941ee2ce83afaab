// A small picture for LOLWUT: points of a few colours, printed as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rha::node::commands {

class Canvas {
 public:
  Canvas(int width, int height, uint8_t color)
      : width_(width),
        height_(height),
        points_(static_cast<size_t>(width) * static_cast<size_t>(height), color) {}

  int width() const { return width_; }
  int height() const { return height_; }
  // Outside of the picture nothing is drawn, and 0 is read.
  void Draw(int x, int y, uint8_t color) {
    if (Holds(x, y)) points_[At(x, y)] = color;
  }
  uint8_t Read(int x, int y) const { return Holds(x, y) ? points_[At(x, y)] : 0; }
  void DrawLine(int x, int y, int to_x, int to_y);
  // By its centre, the length of a side and the angle by which it is turned.
  void DrawSquare(int x, int y, float side, float angle);

  // Black on white: 2 x 4 points are one braille character.
  std::string Braille() const;
  // Four shades, from black (0) to white (3): a point is a coloured blank.
  std::string Shades() const;

 private:
  bool Holds(int x, int y) const { return x >= 0 && x < width_ && y >= 0 && y < height_; }
  size_t At(int x, int y) const { return static_cast<size_t>(y * width_ + x); }

  int width_, height_;
  std::vector<uint8_t> points_;
};

}  // namespace rha::node::commands
