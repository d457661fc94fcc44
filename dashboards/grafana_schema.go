package main

// The types of Grafana's dashboard JSON as far as they are used: names and values as in the npm package @grafana/schema. A test refuses
// whatever else stands in the files.

type gDashboard struct {
	UID           string      `json:"uid"`
	Title         string      `json:"title"`
	Description   string      `json:"description"`
	Tags          []string    `json:"tags"`
	Timezone      string      `json:"timezone"`
	Editable      bool        `json:"editable"`
	GraphTooltip  int         `json:"graphTooltip"` // 1: one crosshair over all panels
	Refresh       string      `json:"refresh"`
	SchemaVersion int         `json:"schemaVersion"`
	Time          gTime       `json:"time"`
	Templating    gTemplating `json:"templating"`
	Annotations   gNotes      `json:"annotations"`
	Links         []gLink     `json:"links"`
	Panels        []gPanel    `json:"panels"`
}

type gTime struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type gTemplating struct {
	List []gVariable `json:"list"`
}

type gVariable struct {
	Name       string   `json:"name"`
	Label      string   `json:"label"`
	Type       string   `json:"type"` // datasource, query
	Query      any      `json:"query"`
	Definition string   `json:"definition,omitempty"`
	Datasource *gSource `json:"datasource,omitempty"`
	Refresh    int      `json:"refresh"` // 1: when the dashboard is opened; 2: when the time changes
	Sort       int      `json:"sort"`    // 1: by the alphabet
	Multi      bool     `json:"multi"`
	IncludeAll bool     `json:"includeAll"`
	AllValue   string   `json:"allValue,omitempty"`
	Hide       int      `json:"hide"`
}

type gVariableQuery struct {
	Query string `json:"query"`
	RefID string `json:"refId"`
}

type gSource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type gNotes struct {
	List []gNote `json:"list"`
}

type gNote struct {
	Name        string      `json:"name"`
	Datasource  gSource     `json:"datasource"`
	Enable      bool        `json:"enable"`
	Hide        bool        `json:"hide"`
	IconColor   string      `json:"iconColor"`
	Target      gNoteTarget `json:"target"`
	TitleFormat string      `json:"titleFormat"`
	TextFormat  string      `json:"textFormat"`
	TagKeys     string      `json:"tagKeys"`
	UseValue    bool        `json:"useValueForTime"`
}

type gNoteTarget struct {
	RefID    string `json:"refId"`
	Expr     string `json:"expr"`
	Interval string `json:"interval"`
	Range    bool   `json:"range"`
}

type gLink struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"` // dashboards, link
	Icon        string   `json:"icon"`
	Tooltip     string   `json:"tooltip"`
	Tags        []string `json:"tags"`
	URL         string   `json:"url,omitempty"`
	AsDropdown  bool     `json:"asDropdown"`
	IncludeVars bool     `json:"includeVars"`
	KeepTime    bool     `json:"keepTime"`
	TargetBlank bool     `json:"targetBlank"`
}

type gPanel struct {
	ID              int          `json:"id"`
	Type            string       `json:"type"`
	Title           string       `json:"title"`
	Description     string       `json:"description,omitempty"`
	GridPos         gGrid        `json:"gridPos"`
	Datasource      *gSource     `json:"datasource,omitempty"`
	Targets         []gTarget    `json:"targets,omitempty"`
	FieldConfig     *gFields     `json:"fieldConfig,omitempty"`
	Options         any          `json:"options,omitempty"`
	Transformations []gTransform `json:"transformations,omitempty"`
	Links           []gLink      `json:"links,omitempty"`
	Collapsed       *bool        `json:"collapsed,omitempty"` // of a row
	Panels          []gPanel     `json:"panels,omitzero"`     // of a row: those that are folded away; none if it is open
}

type gGrid struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

type gTarget struct {
	RefID        string  `json:"refId"`
	Datasource   gSource `json:"datasource"`
	Expr         string  `json:"expr"`
	LegendFormat string  `json:"legendFormat"`
	Format       string  `json:"format"` // time_series, table, heatmap
	Instant      bool    `json:"instant"`
	Range        bool    `json:"range"`
	Exemplar     bool    `json:"exemplar,omitempty"`
	EditorMode   string  `json:"editorMode"`
}

type gFields struct {
	Defaults  gDefaults   `json:"defaults"`
	Overrides []gOverride `json:"overrides"`
}

type gDefaults struct {
	Unit       string         `json:"unit,omitempty"`
	Decimals   *int           `json:"decimals,omitempty"`
	Min        *float64       `json:"min,omitempty"`
	NoValue    string         `json:"noValue,omitempty"`
	Color      *gColor        `json:"color,omitempty"`
	Thresholds *gThresholds   `json:"thresholds,omitempty"`
	Mappings   []gMapping     `json:"mappings,omitempty"`
	Custom     map[string]any `json:"custom,omitempty"`
	Links      []gDataLink    `json:"links,omitempty"`
}

type gColor struct {
	Mode       string `json:"mode"`
	FixedColor string `json:"fixedColor,omitempty"`
}

type gThresholds struct {
	Mode  string  `json:"mode"`
	Steps []gStep `json:"steps"`
}

type gStep struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"` // null: from minus infinity on
}

type gMapping struct {
	Type    string        `json:"type"` // range
	Options gMappingRange `json:"options"`
}

type gMappingRange struct {
	From   float64        `json:"from"`
	To     float64        `json:"to"`
	Result gMappingResult `json:"result"`
}

type gMappingResult struct {
	Text  string `json:"text"`
	Color string `json:"color"`
	Index int    `json:"index"`
}

type gDataLink struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	TargetBlank bool   `json:"targetBlank"`
}

type gOverride struct {
	Matcher    gMatcher    `json:"matcher"`
	Properties []gProperty `json:"properties"`
}

type gMatcher struct {
	ID      string `json:"id"` // byName, byRegexp
	Options string `json:"options"`
}

type gProperty struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}

type gTransform struct {
	ID      string         `json:"id"`
	Options map[string]any `json:"options"`
}
