package alarm

// RegionName is what notifications call a region
// (https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html):
// that which has no name is called by its code.
func RegionName(code string) string {
	switch code {
	case "af-south-1":
		return "Africa (Cape Town)"
	case "ap-east-1":
		return "Asia Pacific (Hong Kong)"
	case "ap-northeast-1":
		return "Asia Pacific (Tokyo)"
	case "ap-northeast-2":
		return "Asia Pacific (Seoul)"
	case "ap-northeast-3":
		return "Asia Pacific (Osaka)"
	case "ap-south-1":
		return "Asia Pacific (Mumbai)"
	case "ap-south-2":
		return "Asia Pacific (Hyderabad)"
	case "ap-southeast-1":
		return "Asia Pacific (Singapore)"
	case "ap-southeast-2":
		return "Asia Pacific (Sydney)"
	case "ap-southeast-3":
		return "Asia Pacific (Jakarta)"
	case "ap-southeast-4":
		return "Asia Pacific (Melbourne)"
	case "ca-central-1":
		return "Canada (Central)"
	case "ca-west-1":
		return "Canada West (Calgary)"
	}
	return westernRegion(code)
}

// westernRegion is RegionName for Europe, the Middle East, and the rest of
// America. Europe's names begin as they did before they were spelt out.
func westernRegion(code string) string {
	switch code {
	case "eu-central-1":
		return "EU (Frankfurt)"
	case "eu-central-2":
		return "EU (Zurich)"
	case "eu-north-1":
		return "EU (Stockholm)"
	case "eu-south-1":
		return "EU (Milan)"
	case "eu-south-2":
		return "EU (Spain)"
	case "eu-west-1":
		return "EU (Ireland)"
	case "eu-west-2":
		return "EU (London)"
	case "eu-west-3":
		return "EU (Paris)"
	case "il-central-1":
		return "Israel (Tel Aviv)"
	case "me-central-1":
		return "Middle East (UAE)"
	case "me-south-1":
		return "Middle East (Bahrain)"
	case "sa-east-1":
		return "South America (Sao Paulo)"
	case "us-east-1":
		return "US East (N. Virginia)"
	case "us-east-2":
		return "US East (Ohio)"
	case "us-west-1":
		return "US West (N. California)"
	case "us-west-2":
		return "US West (Oregon)"
	}
	return code
}
