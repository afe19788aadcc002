package template

// LanguageExtensions is the transform that adds Fn::Length, Fn::ToJsonString
// and the default value of Fn::FindInMap.
const LanguageExtensions = "AWS::LanguageExtensions"
