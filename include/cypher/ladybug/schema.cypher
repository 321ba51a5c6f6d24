// Tables of nodes and relationships, which Ladybug wants declared. A primary key is a constraint and an index.
CREATE NODE TABLE IF NOT EXISTS Node(id STRING PRIMARY KEY, type STRING, name STRING, level INT64, parent_id STRING, coordinates STRING);
CREATE NODE TABLE IF NOT EXISTS Building(id STRING PRIMARY KEY, type STRING, name STRING, level INT64, parent_id STRING, coordinates STRING);
CREATE NODE TABLE IF NOT EXISTS Floor(id STRING PRIMARY KEY, type STRING, name STRING, level INT64, parent_id STRING, coordinates STRING);
CREATE NODE TABLE IF NOT EXISTS Zone(id STRING PRIMARY KEY, type STRING, name STRING, level INT64, parent_id STRING, coordinates STRING);
CREATE NODE TABLE IF NOT EXISTS Room(id STRING PRIMARY KEY, type STRING, name STRING, level INT64, parent_id STRING, coordinates STRING);
CREATE NODE TABLE IF NOT EXISTS Sensor(id STRING PRIMARY KEY, type STRING, name STRING, level INT64, parent_id STRING, coordinates STRING, source STRING);
CREATE NODE TABLE IF NOT EXISTS Metric(id STRING PRIMARY KEY, unit STRING);
CREATE REL TABLE IF NOT EXISTS CONTAINS(
    FROM Node TO Node, FROM Building TO Floor, FROM Floor TO Zone, FROM Zone TO Room, FROM Zone TO Sensor, FROM Room TO Sensor
);
CREATE REL TABLE IF NOT EXISTS `IN`(
    FROM Node TO Node, FROM Floor TO Building, FROM Zone TO Floor, FROM Room TO Zone, FROM Sensor TO Zone, FROM Sensor TO Room,
    valid_from STRING, valid_to STRING, level INT64, coordinates STRING
);
CREATE REL TABLE IF NOT EXISTS MEASURES(FROM Sensor TO Metric);
CREATE REL TABLE IF NOT EXISTS ADJACENT_TO(FROM Zone TO Zone, relation STRING, basis STRING);
CREATE REL TABLE IF NOT EXISTS FEEDS(FROM Node TO Node, basis STRING);
CREATE REL TABLE IF NOT EXISTS DEPENDS_ON(FROM Node TO Node, basis STRING)
