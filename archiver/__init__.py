"""archiver: keep an Ironman article series whole, readable and provable after its host is gone."""

__version__ = "0.1.0"
