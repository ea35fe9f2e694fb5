"""Names the wheel after what it holds: any Python 3, but only the platform that the native library was built for."""
from setuptools import setup
from setuptools.dist import Distribution

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1
    from wheel.bdist_wheel import bdist_wheel


class NativeDistribution(Distribution):
    def has_ext_modules(self):
        return True


class NativeWheel(bdist_wheel):
    def get_tag(self):
        return ('py3', 'none', super().get_tag()[2])


setup(distclass=NativeDistribution, cmdclass={'bdist_wheel': NativeWheel})
