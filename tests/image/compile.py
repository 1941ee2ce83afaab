"""The Dockerfile from its first stage on, in a Debian with nothing in it, and what comes out runs: half an hour (scripts/test --all)."""
import unittest

from tests.image import builder, image_test


@unittest.skipIf(builder.missing_tool(), builder.missing_tool())
class Compilation(image_test.ImageTest):
    build = builder.Image.compile


if __name__ == "__main__":
    unittest.main(defaultTest="Compilation")
