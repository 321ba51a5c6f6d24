"""Registers the platform with Airflow. The only file that Airflow scans here."""

from airflow.plugins_manager import AirflowPlugin


class SensorPlatformPlugin(AirflowPlugin):
    name = "sensor_platform"
