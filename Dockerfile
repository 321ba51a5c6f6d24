FROM astrocrpublic.azurecr.io/runtime:3.3-8

ENV DATA_DIR=/usr/local/airflow/data \
    PYTHONPATH=/usr/local/airflow \
    AIRFLOW__COSMOS__ENABLE_TELEMETRY=False \
    DO_NOT_TRACK=1

# A named volume takes over the owner of the folder that it covers. The dbt manifest is made here, outside the folders
# that `astro dev start` mounts over the image.
RUN mkdir -p "$DATA_DIR" && dbt --quiet parse --project-dir /usr/local/airflow/include/dbt \
    --profiles-dir /usr/local/airflow/include/dbt --profile sensor_platform --target embedded
